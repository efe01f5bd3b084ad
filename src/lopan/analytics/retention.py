"""Who comes back: people by their first day ever, and whether they were active again, by several methods."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import msgspec
from pyroaring import BitMap

from lopan.analytics.active import NOBODY, Active, Crowd, union
from lopan.analytics.audience import Audience, Axis, axis_of
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.cohorts import (
    BRACKET,
    COHORT,
    METHODS,
    STEPS,
    Method,
    Target,
    check_method,
    cohorts_closing,
    target_of,
)
from lopan.analytics.daily import PEOPLE, VISITS, over
from lopan.analytics.days import Days
from lopan.analytics.intervals import wilson
from lopan.analytics.kept import Kept
from lopan.analytics.triangle import CohortRow, Triangle, Unit, average, cell, nth, period, periods
from lopan.errors import Rejected
from lopan.store import Param, Readers

_ROW_BYTES, _CELL_BYTES = 300, 200


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Share in 0-1 of ``cohort`` people that were ``back`` at ``step`` days; ``low``/``high`` bound it at 95 %.

    ``first``/``last``: the cohorts old enough to count; None and no value when there are none.
    """

    step: int
    value: float | None
    back: int
    cohort: int
    low: float | None
    high: float | None
    first: date | None
    last: date | None


class CohortDay(msgspec.Struct, frozen=True, kw_only=True):
    """People whose first day was ``day``, and by step how many were back; a step that lies ahead is not there."""

    day: date
    size: int
    back: dict[int, int]


class RateGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Rates for one value of the axis, which people had on their first day."""

    key: str
    rates: list[Rate]


class RetentionReport(msgspec.Struct, frozen=True, kw_only=True):
    """Cohorts whose first day lies in ``dates``; one rate a step of STEPS; ``cohorts`` in order, empty days too."""

    dates: Dates
    audience: Audience
    by: str
    method: Method
    rates: list[Rate]
    cohorts: list[CohortDay]
    groups: list[RateGroup]
    late: list[date]
    zone: str
    definition: str


class DueDay(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``cohort`` people whose return fell due on ``day`` (it was the last that counts), ``back`` came back."""

    day: date
    cohort: int
    back: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: over the range, over as many days ``before`` it, and by the day on which the return fell due."""

    rate: Rate
    before: Rate
    days: list[DueDay]


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """Cohorts whose return fell due in ``dates``, so that every step has figures wherever the range lies."""

    dates: Dates
    audience: Audience
    method: Method
    steps: list[Step]
    late: list[date]
    zone: str
    definition: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One person by number: first and last local day, on how many days active, and what they said they are last."""

    person: int
    first: date
    last: date
    days: int
    role: str
    release: str
    customer: str


class CohortUsers(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the people of a cell, those back and those not; ``lopan.control.identities.names`` knows the names."""

    back: list[int]
    gone: list[int]


class _Asked(NamedTuple):
    dates: Dates
    last: date
    project: int
    targets: Sequence[Target]


class _Row(NamedTuple):
    name: str
    step: int
    cohort: date
    size: int
    back: int


class _Crossed(NamedTuple):
    """How many were new by the first day of their period, and of those how many were active in each later one."""

    sizes: dict[date, int]
    back: dict[tuple[date, date], int]


class Retention:
    """Answers from the daily bitmaps; a day that is still going on counts in the triangle alone, marked partial."""

    def __init__(self, days: Days, readers: Readers, kept: Kept | None = None) -> None:
        self._days = days
        self._readers = readers
        self._kept = kept or Kept()
        self._active = Active(days, readers, self._kept)

    async def report(
        self,
        dates: Dates,
        audience: Audience = Audience(),
        by: str = "",
        method: Method = "bracket",
        steps: Sequence[int] = STEPS,
    ) -> RetentionReport:
        """Rates of the cohorts whose first day lies in ``dates``, and groups ``by`` what people had on that day.

        Raises Rejected for an unknown axis or method.
        """
        check_method(method)
        axis, name = audience.axis
        if by and axis:
            raise Rejected("by", f"can't be combined with a filter on {axis}; leave one of them out")
        last = self._days.today() - DAY
        dates = Dates(dates.first, min(dates.last, last))
        targets = list(self._targets(dates, steps, method, last))
        asked = _Asked(dates, last, audience.number, targets)
        found, late = await self._rows(asked, axis, name, detail=True)
        split = (await self._rows(asked, axis_of(by), "", detail=False))[0] if by else []
        mature = {step: [target.cohort for target in targets if target.step == step] for step in steps}
        groups = [
            RateGroup(key=key, rates=[_rate(step, mature[step], rows) for step in steps])
            for key, rows in _by_name(split).items()
        ]
        return RetentionReport(
            dates=dates,
            audience=audience,
            by=by,
            method=method,
            rates=[_rate(step, mature[step], found) for step in steps],
            cohorts=_cohorts(dates, targets, found),
            groups=sorted(groups, key=lambda group: (-max(rate.cohort for rate in group.rates), group.key)),
            late=late,
            zone=self._days.zone.key,
            definition=f"{METHODS[method]}; {COHORT}",
        )

    async def returns(
        self,
        dates: Dates,
        audience: Audience = Audience(),
        method: Method = "bracket",
        steps: Sequence[int] = STEPS,
    ) -> Returns:
        """The steps of the cohorts whose return fell due in ``dates``, and in as many days before. Raises Rejected."""
        check_method(method)
        over_until = self._days.today() - DAY
        last = min(dates.last, over_until)
        now, before = Dates(dates.first, last), Dates(dates.first - DAY * len(dates), dates.first - DAY)
        both = Dates(before.first, last)
        cohorts = {step: cohorts_closing(both, step, method, self._days.zone) for step in steps}
        targets = [target_of(cohort, step, method, self._days.zone) for step in steps for cohort in cohorts[step]]
        first = min((one.cohort for one in targets), default=last)
        asked = _Asked(Dates(first, last), over_until, audience.number, targets)
        rows, late = await self._rows(asked, *audience.axis, detail=True)
        found = {(row.step, row.cohort): row for row in rows}
        anchors = {(target.step, target.cohort): target.anchor for target in targets}

        def over(part: Dates, step: int) -> Rate:
            mature = [day for day in cohorts[step] if part.first <= anchors[step, day] <= part.last]
            return _rate(step, mature, [found[step, day] for day in mature if (step, day) in found])

        def due(step: int) -> list[DueDay]:
            sums = {day: [0, 0] for day in now}
            for cohort in cohorts[step]:
                row, day = found.get((step, cohort)), anchors[step, cohort]
                if row is not None and day in sums:
                    sums[day] = [sums[day][0] + row.size, sums[day][1] + row.back]
            return [DueDay(day=day, cohort=size, back=back) for day, (size, back) in sums.items()]

        return Returns(
            dates=now,
            audience=audience,
            method=method,
            steps=[Step(rate=over(now, step), before=over(before, step), days=due(step)) for step in steps],
            late=late,
            zone=self._days.zone.key,
            definition=f"{METHODS[method]}; {COHORT}; the last day that counts lies in the range and is over",
        )

    async def groups(
        self,
        dates: Dates,
        by: str,
        audience: Audience = Audience(),
        method: Method = "bracket",
        steps: Sequence[int] = STEPS,
    ) -> list[RateGroup]:
        """As ``returns``, for every value of role, release or customer that people had on their first day; most first.

        Raises Rejected for an unknown axis or method, and beside a filter on an axis.
        """
        check_method(method)
        axis = axis_of(by)
        if audience.axis[0]:
            raise Rejected("by", f"can't be combined with a filter on {audience.axis[0]}; leave one of them out")
        known = self._days.today() - DAY
        due = Dates(dates.first, min(dates.last, known))
        cohorts = {step: cohorts_closing(due, step, method, self._days.zone) for step in steps}
        targets = [target_of(cohort, step, method, self._days.zone) for step in steps for cohort in cohorts[step]]
        first = min((one.cohort for one in targets), default=known)
        rows, _ = await self._rows(_Asked(Dates(first, known), known, audience.number, targets), axis, "", detail=False)
        found = [
            RateGroup(key=key, rates=[_rate(step, [*cohorts[step]], mine) for step in steps])
            for key, mine in _by_name(rows).items()
        ]
        return sorted(found, key=lambda group: (-max(rate.cohort for rate in group.rates), group.key))

    async def triangle(self, dates: Dates, unit: Unit, audience: Audience = Audience()) -> Triangle:
        """Cohorts of every week or month that ``dates`` touches, against all periods up to now."""
        today = self._days.today()
        begins = list(periods(Dates(dates.first, min(dates.last, today)), unit))
        if not begins:
            return Triangle(
                unit=unit, dates=dates, audience=audience, rows=[], average=[], late=[], zone=self._days.zone.key
            )
        seen = await self._active.seen(Dates(begins[0], today), audience.number, *audience.axis)
        key = "triangle", audience, unit, begins[0], today

        async def cross() -> tuple[_Crossed, int]:
            crossed = await asyncio.to_thread(_crossed, seen.crowd, unit, begins[0])
            return crossed, _CELL_BYTES * len(crossed.back)

        crossed = (await self._kept.once(key, seen.newest()[today], cross)).value
        sizes, back = crossed
        later = list(periods(Dates(begins[0], today), unit))
        rows = [
            CohortRow(
                cohort=cohort,
                size=sizes.get(cohort, 0),
                cells=[
                    cell(index, begun, sizes.get(cohort, 0), back.get((cohort, begun), 0), begun == later[-1])
                    for index, begun in enumerate(later[later.index(cohort) :])
                ],
            )
            for cohort in begins
        ]
        return Triangle(
            unit=unit,
            dates=dates,
            audience=audience,
            rows=rows,
            average=average(rows),
            late=seen.late,
            zone=self._days.zone.key,
        )

    async def users(self, cohort: Dates, active: Dates, audience: Audience = Audience()) -> CohortUsers:
        """Who of the people whose first day lies in ``cohort`` was active in ``active``, as in a row and its cell."""
        dates = Dates(min(cohort.first, active.first), max(cohort.last, active.last))
        crowd = (await self._active.seen(dates, audience.number, *audience.axis)).crowd
        born = union(people for day, people in crowd.born(cohort.first).items() if day <= cohort.last)
        there = crowd.everybody(active.last, len(active))
        return CohortUsers(back=list(born & there), gone=list(born - there))

    async def profiles(self, people: Sequence[int], project: int = 0) -> list[Profile]:
        """What is known of these people (numbers), smallest number first; who was never active is not there."""
        source = await self._days.rows(PEOPLE, Dates(date.min, self._days.today()), project)
        params = {**source.params, "people": list(people)}
        table = await self._readers.rows(over("people", source.sql, "profiles"), params)
        return [Profile(**row) for row in table.to_pylist()]

    def _targets(self, dates: Dates, steps: Sequence[int], method: Method, last: date) -> Iterable[Target]:
        """Where to look for each cohort and step that is old enough; step 0 is the cohort itself."""
        for cohort in dates:
            yield Target(cohort, 0, cohort, "hours" if method == "rolling" else "day")
            for step in steps:
                target = target_of(cohort, step, method, self._days.zone)
                if target.anchor <= last:
                    yield target

    async def _rows(self, asked: _Asked, axis: Axis, name: str, *, detail: bool) -> tuple[list[_Row], list[date]]:
        """A row a cohort and step, without ``detail`` a step; of an ``axis`` without a ``name`` one for each value."""
        if not asked.targets:
            return [], []
        if detail and all(target.kind != "hours" for target in asked.targets):
            return await self._counted(asked, axis, name)
        return await self._selected(asked, axis, name, detail=detail)

    async def _counted(self, asked: _Asked, axis: Axis, name: str) -> tuple[list[_Row], list[date]]:
        """Of everybody, or of those whom a filter leaves."""
        seen = await self._active.seen(Dates(asked.dates.first, asked.last), asked.project, axis, name)
        key = "retention", asked.project, axis, name, asked.dates.first, asked.last, *asked.targets

        async def count() -> tuple[list[_Row], int]:
            rows = await asyncio.to_thread(_returned, seen.crowd, asked)
            return rows, _ROW_BYTES * len(asked.targets)

        return (await self._kept.once(key, seen.newest()[asked.last], count)).value, seen.late

    async def _selected(self, asked: _Asked, axis: str, name: str, *, detail: bool) -> tuple[list[_Row], list[date]]:
        """Of every value of an axis, or by the clock."""
        state = await self._days.state(PEOPLE, Dates(date.min, asked.last), asked.project)
        source, states = state.rows(), [state]
        origin = asked.dates.first - DAY
        params: dict[str, Param] = {
            **source.params,
            "axis": axis,
            "name": name,
            "detail": int(detail),
            "origin": origin,
            "days": len(Dates(origin, asked.last)),
            "cohorts": [target.cohort.isoformat() for target in asked.targets],
            "steps": [target.step for target in asked.targets],
            "anchors": [target.anchor.isoformat() for target in asked.targets],
            "kinds": [target.kind for target in asked.targets],
        }
        sql = over("people", source.sql, "retention")
        if any(target.kind == "hours" for target in asked.targets):
            states.append(await self._days.state(VISITS, Dates(date.min, asked.last), asked.project))
            visits = states[1].rows()
            params |= {**visits.params, "versions": source.versions.also(visits.versions)}
            sql = over("visits", visits.sql, "rolling", people=source.sql)
        table = await self._kept.answer(self._readers, sql, params, states)
        names = ("name", "step", "cohort", "size", "back")
        return [_Row(*row) for row in zip(*(table.column(one).to_pylist() for one in names), strict=True)], source.late


def _returned(crowd: Crowd, asked: _Asked) -> list[_Row]:
    """Of each cohort that the filter leaves anybody of, how many were active at the anchor of each step."""
    born = crowd.born(asked.dates.first)
    since = [target.anchor for target in asked.targets if target.kind == "since"]
    later = crowd.since(min(since)) if since else {}

    def there(target: Target) -> BitMap:
        if target.kind == "since":
            return later[target.anchor]
        return crowd.everybody(target.anchor, BRACKET if target.kind == "week" else 1)

    return [
        _Row("", one.step, one.cohort, len(born[one.cohort]), born[one.cohort].intersection_cardinality(there(one)))
        for one in asked.targets
        if one.cohort in born
    ]


def _crossed(crowd: Crowd, unit: Unit, start: date) -> _Crossed:
    """Cohorts by week or month from the one that begins with ``start`` on, against those weeks or months."""
    born: dict[date, BitMap] = {}
    there: dict[date, BitMap] = {}
    for day, people in crowd.born(start).items():
        born[nth(unit, day, 0)] = born.get(nth(unit, day, 0), NOBODY) | people
    for first in periods(Dates(start, crowd.dates.last), unit):
        last = min(period(unit, first).last, crowd.dates.last)
        there[first] = crowd.everybody(last, len(Dates(first, last)))
    back = {
        (cohort, first): people.intersection_cardinality(active)
        for cohort, people in born.items()
        for first, active in there.items()
        if first >= cohort
    }
    return _Crossed({cohort: len(people) for cohort, people in born.items()}, back)


def _rate(step: int, mature: Sequence[date], rows: Iterable[_Row]) -> Rate:
    mine = [row for row in rows if row.step == step]
    size, back = sum(row.size for row in mine), sum(row.back for row in mine)
    bound = wilson(back, size)
    return Rate(
        step=step,
        value=back / size if size else None,
        back=back,
        cohort=size,
        low=bound.low if bound else None,
        high=bound.high if bound else None,
        first=mature[0] if mature else None,
        last=mature[-1] if mature else None,
    )


def _cohorts(dates: Dates, targets: Iterable[Target], rows: Iterable[_Row]) -> list[CohortDay]:
    back: dict[date, dict[int, int]] = {day: {} for day in dates}
    sizes: dict[date, int] = {}
    for target in targets:
        if target.step:
            back[target.cohort][target.step] = 0
    for row in rows:
        if row.step:
            back[row.cohort][row.step] = row.back
        else:
            sizes[row.cohort] = row.size
    return [CohortDay(day=day, size=sizes.get(day, 0), back=back[day]) for day in dates]


def _by_name(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    """Values that somebody had on the first day."""
    found: dict[str, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return {name: mine for name, mine in found.items() if any(row.size for row in mine)}
