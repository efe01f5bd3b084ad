"""Who comes back: people by their first day ever, and whether they were active again, by several methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics.audience import Audience, axis_of
from lopan.analytics.calendar import DAY, Dates, begin, local, working_day_after
from lopan.analytics.daily import PEOPLE, VISITS, over
from lopan.analytics.days import Days
from lopan.analytics.intervals import wilson
from lopan.analytics.triangle import CohortRow, Triangle, Unit, average, cell, periods
from lopan.errors import Rejected
from lopan.store import Param, Readers

Method = Literal["bracket", "exact", "rolling", "after"]
STEPS = (1, 7, 30, 90)
BRACKET = 7
_UTC = ZoneInfo("UTC")
METHODS: dict[Method, str] = {
    "bracket": "D1: active on the next working day (Monday to Friday); D7, D30, D90: active on one of the days N..N+6",
    "exact": "active on exactly the N-th local day after the first",
    "rolling": "active in the 24 hours that begin N x 24 hours after the first event ever",
    "after": "active on the N-th local day after the first or on any later one; grows for ever, so it never alerts",
}
"""Each method by its name, as shown beside the figure; the cohort is always the first day ever."""

COHORT = (
    "cohort: first local day ever with a foreground event; only cohorts old enough; sum of returned / sum of cohorts"
)


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


class _Target(NamedTuple):
    cohort: date
    step: int
    anchor: date
    kind: Literal["day", "week", "since", "hours"]


class _Asked(NamedTuple):
    dates: Dates
    last: date
    project: int
    targets: Sequence[_Target]


class _Row(NamedTuple):
    name: str
    step: int
    cohort: date
    size: int
    back: int


class Retention:
    """Answers from the daily bitmaps; a day that is still going on counts in the triangle alone, marked partial."""

    def __init__(self, days: Days, readers: Readers) -> None:
        self._days = days
        self._readers = readers

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
        _known(method)
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
        _known(method)
        over_until = self._days.today() - DAY
        last = min(dates.last, over_until)
        now, before = Dates(dates.first, last), Dates(dates.first - DAY * len(dates), dates.first - DAY)
        both = Dates(before.first, last)
        cohorts = {step: cohorts_closing(both, step, method, self._days.zone) for step in steps}
        targets = [self._target(cohort, step, method) for step in steps for cohort in cohorts[step]]
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
        _known(method)
        axis = axis_of(by)
        if audience.axis[0]:
            raise Rejected("by", f"can't be combined with a filter on {audience.axis[0]}; leave one of them out")
        known = self._days.today() - DAY
        due = Dates(dates.first, min(dates.last, known))
        cohorts = {step: cohorts_closing(due, step, method, self._days.zone) for step in steps}
        targets = [self._target(cohort, step, method) for step in steps for cohort in cohorts[step]]
        first = min((one.cohort for one in targets), default=known)
        rows, _ = await self._rows(_Asked(Dates(first, known), known, audience.number, targets), axis, "", detail=False)
        found = [
            RateGroup(key=key, rates=[_rate(step, [*cohorts[step]], mine) for step in steps])
            for key, mine in _by_name(rows).items()
        ]
        return sorted(found, key=lambda group: (-max(rate.cohort for rate in group.rates), group.key))

    async def triangle(self, dates: Dates, unit: Unit, audience: Audience = Audience()) -> Triangle:
        """Cohorts of every week or month that ``dates`` touches, against all periods up to now."""
        axis, name = audience.axis
        today = self._days.today()
        begins = list(periods(Dates(dates.first, min(dates.last, today)), unit))
        if not begins:
            return Triangle(
                unit=unit, dates=dates, audience=audience, rows=[], average=[], late=[], zone=self._days.zone.key
            )
        source = await self._days.rows(PEOPLE, Dates(date.min, today), audience.number)
        params = {**source.params, "axis": axis, "name": name, "unit": unit, "origin": begins[0] - DAY}
        sql = over("people", source.sql, "triangle")
        table = await self._readers.rows(sql, params)
        found = {(row["cohort"], row["period"]): (row["size"], row["back"]) for row in table.to_pylist()}
        sizes = {cohort: size for (cohort, _), (size, _) in found.items()}
        later = list(periods(Dates(begins[0], today), unit))
        rows = [
            CohortRow(
                cohort=cohort,
                size=sizes.get(cohort, 0),
                cells=[
                    cell(
                        index,
                        period,
                        sizes.get(cohort, 0),
                        found.get((cohort, period), (0, 0))[1],
                        period == later[-1],
                    )
                    for index, period in enumerate(later[later.index(cohort) :])
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
            late=source.late,
            zone=self._days.zone.key,
        )

    async def users(self, cohort: Dates, active: Dates, audience: Audience = Audience()) -> CohortUsers:
        """Who of the people whose first day lies in ``cohort`` was active in ``active``, as in a row and its cell."""
        axis, name = audience.axis
        source = await self._days.rows(PEOPLE, Dates(date.min, max(cohort.last, active.last)), audience.number)
        params = {**source.params, "axis": axis, "name": name, "first": cohort.first, "last": cohort.last}
        params |= {"since": active.first, "until": active.last}
        sql = over("people", source.sql, "cohort_users")
        rows = (await self._readers.rows(sql, params)).to_pylist()
        return CohortUsers(back=list(rows[0]["back"]), gone=list(rows[0]["gone"]))

    async def profiles(self, people: Sequence[int], project: int = 0) -> list[Profile]:
        """What is known of these people (numbers), smallest number first; who was never active is not there."""
        source = await self._days.rows(PEOPLE, Dates(date.min, self._days.today()), project)
        params = {**source.params, "people": list(people)}
        table = await self._readers.rows(over("people", source.sql, "profiles"), params)
        return [Profile(**row) for row in table.to_pylist()]

    def _targets(self, dates: Dates, steps: Sequence[int], method: Method, last: date) -> Iterable[_Target]:
        """Where to look for each cohort and step that is old enough; step 0 is the cohort itself."""
        for cohort in dates:
            yield _Target(cohort, 0, cohort, "hours" if method == "rolling" else "day")
            for step in steps:
                target = self._target(cohort, step, method)
                if target.anchor <= last:
                    yield target

    def _target(self, cohort: date, step: int, method: Method) -> _Target:
        return _target(cohort, step, method, self._days.zone)

    async def _rows(self, asked: _Asked, axis: str, name: str, *, detail: bool) -> tuple[list[_Row], list[date]]:
        if not asked.targets:
            return [], []
        source = await self._days.rows(PEOPLE, Dates(date.min, asked.last), asked.project)
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
        sql, lasting = over("people", source.sql, "retention"), source.lasting
        if any(target.kind == "hours" for target in asked.targets):
            visits = await self._days.rows(VISITS, Dates(date.min, asked.last), asked.project)
            params |= {**visits.params, "versions": source.versions.also(visits.versions)}
            sql = over("visits", visits.sql, "rolling", people=source.sql)
            lasting = source.lasting and visits.lasting
        table = await self._readers.rows(sql, params, lasting=lasting)
        names = ("name", "step", "cohort", "size", "back")
        return [_Row(*row) for row in zip(*(table.column(one).to_pylist() for one in names), strict=True)], source.late


def closing(cohort: date, step: int, method: Method = "bracket", zone: ZoneInfo = _UTC) -> date:
    """The last day that counts for a step: once it is over, the cohort is old enough; ``zone`` matters to hours."""
    return _target(cohort, step, method, zone).anchor


def cohorts_closing(dates: Dates, step: int, method: Method = "bracket", zone: ZoneInfo = _UTC) -> Dates:
    """The first days whose ``closing`` lies in ``dates``."""
    if not len(dates):
        return dates
    reach = Dates(dates.first - DAY * (step + BRACKET), dates.last)
    found = [day for day in reach if dates.first <= closing(day, step, method, zone) <= dates.last]
    return Dates(found[0], found[-1]) if found else Dates(dates.first, dates.first - DAY)


def _known(method: str) -> None:
    if method not in METHODS:
        raise Rejected("method", f"there are {', '.join(METHODS)}, not {method[:20]!r}")


def _target(cohort: date, step: int, method: Method, zone: ZoneInfo) -> _Target:
    day = cohort + DAY * step
    if method == "after":
        return _Target(cohort, step, day, "since")
    if method == "exact":
        return _Target(cohort, step, day, "day")
    if method == "rolling":
        # Whoever came in the last moment of the first day; a change of the clock may move the end to another date.
        ends = begin(cohort + DAY, zone) + timedelta(hours=24) * (step + 1) - timedelta(milliseconds=1)
        return _Target(cohort, step, local(ends, zone), "hours")
    if step == 1:
        return _Target(cohort, step, working_day_after(cohort), "day")
    return _Target(cohort, step, day + DAY * (BRACKET - 1), "week")


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


def _cohorts(dates: Dates, targets: Iterable[_Target], rows: Iterable[_Row]) -> list[CohortDay]:
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
