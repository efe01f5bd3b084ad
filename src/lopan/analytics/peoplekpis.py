"""The KPIs of people in the form every KPI has: what each figure is, over a range, by dimension and by local day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from lopan.analytics import calendar
from lopan.analytics.audience import Audience, narrowed
from lopan.analytics.calendar import DAY, Dates, monday
from lopan.analytics.cohorts import STEPS, closing, cohorts_closing
from lopan.analytics.engagement import WEEK, PeopleDay, PeopleGroup
from lopan.analytics.people import People
from lopan.analytics.query import Query, Row, Sums
from lopan.analytics.sessions import SessionFigures
from lopan.catalog import Kpi, Narrow, Part

_INSTANT = timedelta(milliseconds=1)


def queries(people: People) -> Mapping[str, Query]:
    """Every query of people by the name that catalog entries give."""
    figures: dict[str, Query] = {name: _Windows(people, take) for name, take in _TAKEN.items()}
    steps: dict[str, Query] = {f"retention_d{step}": _Retained(people, step) for step in STEPS}
    return {**figures, **steps, "dau_growth_wow": _Growth(people), "session_duration": _Duration(people)}


class _Base:
    def __init__(self, people: People) -> None:
        self._people = people
        self._days = people.days

    def _last(self, part: Part) -> date:
        """The last local day that was complete when the part ended."""
        return min(calendar.local(part.end, self._days.zone), self._days.today()) - DAY

    def _dates(self, part: Part) -> Dates:
        """Local days that the part touches, up to today."""
        last = min(calendar.local(part.end - _INSTANT, self._days.zone), self._days.today())
        return Dates(calendar.local(part.start, self._days.zone), last)

    def _at(self, day: date) -> int:
        return int(calendar.begin(day, self._days.zone).timestamp())


class _Windows(_Base):
    """A figure of the windows that end with one day."""

    def __init__(self, people: People, take: Callable[[PeopleDay | PeopleGroup], Sums]) -> None:
        super().__init__(people)
        self._take = take

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        audience = narrowed(narrow)
        if by:
            found = [(part, await self._people.engagement.groups(by, self._last(part), audience)) for part in parts]
            return [Row(part.half, 0, group.key, self._take(group)) for part, groups in found for group in groups]
        lasts = {part.half: self._last(part) for part in parts}
        days = await self._known(Dates(min(lasts.values()), max(lasts.values())), audience)
        return [Row(half, 0, "", self._take(days[last])) for half, last in lasts.items() if last in days]

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        days = await self._known(self._dates(part), narrowed(narrow))
        return [Row(part.half, self._at(day), "", self._take(found)) for day, found in days.items()]

    async def _known(self, dates: Dates, audience: Audience) -> dict[date, PeopleDay]:
        """Days since the first event ever: before it there is no data, after it nobody is 0."""
        first = await self._days.first()
        if first is None or first > dates.last:
            return {}
        days, _ = await self._people.engagement.days(Dates(max(first, dates.first), dates.last), audience)
        return {day.day: day for day in days}


class _Growth(_Base):
    """The last complete ISO week against the one before."""

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        return [
            Row(part.half, 0, "", (await self._growth(monday(self._last(part) + DAY), 1, narrow))[-1][1])
            for part in parts
        ]

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        dates = self._dates(part)
        until = monday(self._last(part) + DAY)
        weeks = max(1, -(-(until - dates.first).days // WEEK))
        return [Row(part.half, self._at(first), "", sums) for first, sums in await self._growth(until, weeks, narrow)]

    async def _growth(self, until: date, weeks: int, narrow: Narrow) -> list[tuple[date, Sums]]:
        """Growth of each of the ``weeks`` ISO weeks before the Monday ``until``."""
        begin = until - DAY * WEEK * (weeks + 1)
        days, _ = await self._people.engagement.days(Dates(begin, until - DAY), narrowed(narrow))
        users = [sum(day.dau for day in days[at : at + WEEK]) for at in range(0, len(days), WEEK)]
        return [
            (begin + DAY * WEEK * (index + 1), Sums((now - before) / WEEK, before / WEEK, now))
            for index, (before, now) in enumerate(pairwise(users))
        ]


class _Duration(_Base):
    """Milliseconds of sessions by the local day they began on."""

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        found = []
        for part in parts:
            report = await self._people.sessions.report(self._dates(part), narrowed(narrow), by)
            if by:
                found += [Row(part.half, 0, group.key, _total(group.figures)) for group in report.groups]
            else:
                found.append(Row(part.half, 0, "", _total(report.whole)))
        return found

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        report = await self._people.sessions.report(self._dates(part), narrowed(narrow))
        return [Row(part.half, self._at(day.day), "", _total(day.figures)) for day in report.days]


class _Retained(_Base):
    """People of the cohorts that became old enough within the part, each on the day on which it did."""

    def __init__(self, people: People, step: int) -> None:
        super().__init__(people)
        self._step = step

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        if not by:
            return [row for part in parts for row in await self.series(kpi, part, narrow)]
        found = []
        for part in parts:
            report = await self._people.retention.report(self._cohorts(part), narrowed(narrow), by, steps=(self._step,))
            rates = [(group.key, group.rates[0]) for group in report.groups]
            found += [Row(part.half, 0, key, Sums(rate.back, rate.cohort, rate.cohort)) for key, rate in rates]
        return found

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        report = await self._people.retention.report(self._cohorts(part), narrowed(narrow), steps=(self._step,))
        sums: dict[date, Sums] = {}
        for cohort in report.cohorts:
            if self._step in cohort.back:
                day = closing(cohort.day, self._step)
                sums[day] = sums.get(day, Sums()).plus(Sums(cohort.back[self._step], cohort.size, cohort.size))
        return [Row(part.half, self._at(day), "", found) for day, found in sorted(sums.items())]

    def _cohorts(self, part: Part) -> Dates:
        dates = self._dates(part)
        return cohorts_closing(Dates(dates.first, min(dates.last, self._last(part))), self._step)


def _total(figures: SessionFigures) -> Sums:
    return Sums((figures.mean or 0.0) * figures.number * 1_000, figures.number, figures.number)


def _sticky(day: PeopleDay | PeopleGroup) -> Sums:
    return Sums((day.stickiness or 0.0) * day.mau, day.mau, day.mau)


_TAKEN: dict[str, Callable[[PeopleDay | PeopleGroup], Sums]] = {
    "dau": lambda day: Sums(day.dau, 1, day.dau),
    "wau": lambda day: Sums(day.wau, 1, day.wau),
    "mau": lambda day: Sums(day.mau, 1, day.mau),
    "stickiness": _sticky,
    "churn_rate": lambda day: Sums(day.churned, day.base, day.base),
}
