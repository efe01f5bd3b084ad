"""Who comes back: people by their first day ever, and whether they were active again, by several methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

import msgspec

from lopan.analytics.audience import Audience, axis_of
from lopan.analytics.calendar import DAY, Dates, monday, working_day_after
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.days import Days
from lopan.analytics.intervals import wilson
from lopan.errors import Rejected
from lopan.store import Param, Readers

Method = Literal["bracket", "exact", "after"]
Unit = Literal["week", "month"]
STEPS = (1, 7, 30, 90)
BRACKET = 7
METHODS: dict[Method, str] = {
    "bracket": "D1: active on the next working day (Monday to Friday); D7, D30, D90: active on one of the days N..N+6",
    "exact": "active on exactly the N-th local day after the first",
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


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """``back`` of the cohort's people were active in the ``index``-th period after theirs (0 = their own).

    ``value`` in 0-1, None for an empty cohort; ``partial`` = the period, or the cohort's own, is not over.
    """

    index: int
    period: date
    back: int
    value: float | None
    partial: bool


class CohortRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cohort by the first day of its week or month; ``cells`` from index 0 on."""

    cohort: date
    size: int
    cells: list[Cell]


class Triangle(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in order, periods without new people too; ``average``: sum/sum by index over cells that are not partial."""

    unit: Unit
    dates: Dates
    audience: Audience
    rows: list[CohortRow]
    average: list[Cell]
    late: list[date]
    zone: str
    definition: str = (
        "cohort: week or month of the first local day ever with a foreground event; a cell: the share of the cohort"
        " with a foreground event in that week or month"
    )


class CohortUsers(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the people of a cell, those back and those not; ``lopan.control.identities.names`` knows the names."""

    back: list[int]
    gone: list[int]


class _Target(NamedTuple):
    cohort: date
    step: int
    anchor: date
    kind: Literal["day", "week", "since"]


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
        if method not in METHODS:
            raise Rejected("method", f"there are {', '.join(METHODS)}, not {method!r}")
        axis, name = audience.axis
        if by and axis:
            raise Rejected("by", f"can't be combined with a filter on {axis}; leave one of them out")
        last = self._days.today() - DAY
        dates = Dates(dates.first, min(dates.last, last))
        targets = list(_targets(dates, steps, method, last))
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

    async def triangle(self, dates: Dates, unit: Unit, audience: Audience = Audience()) -> Triangle:
        """Cohorts of every week or month that ``dates`` touches, against all periods up to now."""
        axis, name = audience.axis
        today = self._days.today()
        begins = list(_periods(Dates(dates.first, min(dates.last, today)), unit))
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
        periods = list(_periods(Dates(begins[0], today), unit))
        rows = [
            CohortRow(
                cohort=cohort,
                size=sizes.get(cohort, 0),
                cells=[
                    _cell(
                        index,
                        period,
                        sizes.get(cohort, 0),
                        found.get((cohort, period), (0, 0))[1],
                        period == periods[-1],
                    )
                    for index, period in enumerate(periods[periods.index(cohort) :])
                ],
            )
            for cohort in begins
        ]
        return Triangle(
            unit=unit,
            dates=dates,
            audience=audience,
            rows=rows,
            average=_average(rows),
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
        table = await self._readers.rows(over("people", source.sql, "retention"), params)
        names = ("name", "step", "cohort", "size", "back")
        return [_Row(*row) for row in zip(*(table.column(one).to_pylist() for one in names), strict=True)], source.late


def period(unit: Unit, first: date) -> Dates:
    """The days of the week or month that begins with ``first``."""
    return Dates(first, _next(first, unit) - DAY)


def closing(cohort: date, step: int) -> date:
    """The last day that counts for a step by the method ``bracket``: once it is over, the cohort is old enough."""
    return _target(cohort, step, "bracket").anchor


def cohorts_closing(dates: Dates, step: int) -> Dates:
    """The first days whose ``closing`` lies in ``dates``."""
    if not len(dates):
        return dates
    reach = Dates(dates.first - DAY * (step + BRACKET), dates.last)
    found = [day for day in reach if dates.first <= closing(day, step) <= dates.last]
    return Dates(found[0], found[-1]) if found else Dates(dates.first, dates.first - DAY)


def _targets(dates: Dates, steps: Sequence[int], method: Method, last: date) -> Iterable[_Target]:
    """Where to look for each cohort and step that is old enough; step 0 is the cohort itself."""
    for cohort in dates:
        yield _Target(cohort, 0, cohort, "day")
        for step in steps:
            target = _target(cohort, step, method)
            if target.anchor <= last:
                yield target


def _target(cohort: date, step: int, method: Method) -> _Target:
    day = cohort + DAY * step
    if method == "after":
        return _Target(cohort, step, day, "since")
    if method == "exact":
        return _Target(cohort, step, day, "day")
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
    found: dict[str, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return found


def _periods(dates: Dates, unit: Unit) -> Iterable[date]:
    if not len(dates):
        return
    first = monday(dates.first) if unit == "week" else dates.first.replace(day=1)
    while first <= dates.last:
        yield first
        first = _next(first, unit)


def _next(first: date, unit: Unit) -> date:
    if unit == "week":
        return first + timedelta(days=7)
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def _cell(index: int, begun: date, size: int, back: int, partial: bool) -> Cell:
    return Cell(index=index, period=begun, back=back, value=back / size if size else None, partial=partial)


def _average(rows: Sequence[CohortRow]) -> list[Cell]:
    longest = max((len(row.cells) for row in rows), default=0)
    found = []
    for index in range(longest):
        whole = [row for row in rows if len(row.cells) > index and not row.cells[index].partial]
        size, back = sum(row.size for row in whole), sum(row.cells[index].back for row in whole)
        if whole:
            found.append(_cell(index, whole[0].cells[index].period, size, back, False))
    return found
