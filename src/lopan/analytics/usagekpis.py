"""The KPIs of what people do and say in the form every KPI has; peoplekpis has those of who they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from lopan.analytics import calendar
from lopan.analytics.audience import narrowed
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.features import Adopted, Adoption
from lopan.analytics.query import Query, Row, Sums
from lopan.analytics.satisfaction import Opinion, Score
from lopan.analytics.usage import Usage
from lopan.analytics.workflows import Funnel
from lopan.catalog import Kpi, Narrow, Part
from lopan.catalog.product import Scale

_INSTANT = timedelta(milliseconds=1)
_WEEKS = 8
"""Points of the adoption's chart at most: each is 28 days of its own."""


def queries(usage: Usage) -> Mapping[str, Query]:
    """Every query of usage by the name that catalog entries give."""
    return {
        "feature_adoption": _Adoption(usage),
        "workflow_completion": _Completion(usage),
        "customer_satisfaction": _Said(usage, "csat", _judged),
        "satisfied_share": _Said(usage, "csat", _satisfied),
        "nps": _Said(usage, "nps", _mean),
    }


class _Base:
    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._days = usage.days

    def _dates(self, part: Part) -> Dates:
        """Local days that the part touches, up to today."""
        last = min(calendar.local(part.end - _INSTANT, self._days.zone), self._days.today())
        return Dates(min(calendar.local(part.start, self._days.zone), last), last)

    def _at(self, day: date) -> int:
        return int(calendar.begin(day, self._days.zone).timestamp())


class _Adoption(_Base):
    """The core features together, or all that are known where none is core, up to the last complete day."""

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        found = []
        for part in parts:
            adopted = await self._usage.features.adoption(self._last(part), narrowed(narrow))
            if not by:
                found.append(Row(part.half, 0, "", _adopted(adopted, "")))
            else:
                found += [Row(part.half, 0, role, _adopted(adopted, role)) for role, _ in adopted.roles]
        return found

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        last, first = self._last(part), self._dates(part).first
        days = [last - DAY * 7 * week for week in range(_WEEKS) if last - DAY * 7 * week >= first]
        adopted = [(day, await self._usage.features.adoption(day, narrowed(narrow))) for day in reversed(days)]
        return [Row(part.half, self._at(day), "", _adopted(one, "")) for day, one in adopted]

    def _last(self, part: Part) -> date:
        return min(calendar.local(part.end, self._days.zone), self._days.today()) - DAY


class _Completion(_Base):
    """Runs of all workflows that passed all steps by first entry, by the day they began."""

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        found: dict[tuple[int, str], Sums] = {}
        for part in parts:
            for one in await self._usage.workflows.funnels(self._dates(part), narrowed(narrow)):
                splits = {"role": one.roles, "release": one.releases}.get(by, [])
                funnels = [(split.key, split.first) for split in splits] if by else [("", one.first)]
                for key, funnel in funnels:
                    found[part.half, key] = found.get((part.half, key), Sums()).plus(_passed(funnel))
        return [Row(half, 0, key, sums) for (half, key), sums in found.items()]

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        found: dict[int, Sums] = {}
        for one in await self._usage.workflows.funnels(self._dates(part), narrowed(narrow)):
            for point in one.series:
                at, completed = int(point.t.timestamp()), round((point.value or 0.0) * point.n / 100)
                found[at] = found.get(at, Sums()).plus(Sums(completed, point.n, point.n))
        return [Row(part.half, at, "", sums) for at, sums in sorted(found.items())]


class _Said(_Base):
    """Answers on one scale, all surveys together."""

    def __init__(self, usage: Usage, scale: Scale, take: Callable[[Score], Sums]) -> None:
        super().__init__(usage)
        self._scale = scale
        self._take = take

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        found = []
        for part in parts:
            opinion = await self._opinion(part, narrow)
            if not by:
                found.append(Row(part.half, 0, "", self._take(opinion.score)))
            else:
                said = {"role": opinion.roles, "release": opinion.releases, "customer": opinion.customers}[by]
                found += [Row(part.half, 0, one.key, self._take(one.score)) for one in said]
        return found

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        opinion = await self._opinion(part, narrow)
        return [
            Row(part.half, int(point.t.timestamp()), "", Sums((point.value or 0.0) * point.n, point.n, point.n))
            for point in opinion.series
        ]

    async def _opinion(self, part: Part, narrow: Narrow) -> Opinion:
        return await self._usage.satisfaction.opinion(self._scale, self._dates(part), narrowed(narrow))


def _adopted(adopted: Adopted, role: str) -> Sums:
    core = [one for one in adopted.features if one.core] or adopted.features
    cells: list[Adoption] = [cell for one in core for cell in (one.overall, *one.roles) if cell.role == role]
    people = sum(cell.people for cell in cells)
    return Sums(sum(cell.done for cell in cells), people, people)


def _passed(funnel: Funnel) -> Sums:
    return Sums(funnel.completed, funnel.started, funnel.started)


def _mean(score: Score) -> Sums:
    total = (score.value or 0.0) * score.n
    return Sums(total, score.n, score.n, total, score.squares, score.n)


def _judged(score: Score) -> Sums:
    """The mean, drawn to the prior while there are few answers."""
    return _mean(score)._replace(num=(score.judged or 0.0) * score.n)


def _satisfied(score: Score) -> Sums:
    return Sums((score.top or 0.0) * score.n / 100, score.n, score.n)
