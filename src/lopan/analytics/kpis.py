"""KPI values, series, groups: one statement a figure covers the range, the range before it and every bucket."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from lopan.analytics import calendar, comparison, estimate
from lopan.analytics.calendar import Dates
from lopan.analytics.daily import MEASURES, STABILITY
from lopan.analytics.days import Days
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.metric import (
    Against,
    Filters,
    Measure,
    Metric,
    Percentile,
    Point,
    Span,
    Versus,
)
from lopan.analytics.query import Query, Row, Sums
from lopan.analytics.span import step_for
from lopan.analytics.status import status
from lopan.analytics.together import Together
from lopan.catalog import (
    AXES,
    DAY,
    EVENTS,
    MONTH,
    PERCENTILES,
    WEEK,
    Catalog,
    Formula,
    Frame,
    Held,
    Kept,
    Kpi,
    Narrow,
    Part,
    check_dimension,
    compile_percentiles,
    compile_values,
    formulas,
    sources,
    together,
)
from lopan.clock import Clock
from lopan.errors import GiveUp, Rejected
from lopan.store import Readers

_SEEN = "FROM measures WHERE bucket >= {start:DateTime64(3)} AND bucket < {end:DateTime64(3)} ORDER BY k"
_DIMENSIONS = {name: f"SELECT DISTINCT {name} AS k {_SEEN}" for name in ("release", "device")}

_INSTANT = timedelta(milliseconds=1)
_NO_QUERIES: Mapping[str, Query] = MappingProxyType({})
_SHOWN = {"lower": (0.5, 0.9, 0.95), "higher": (0.5, 0.1, 0.05)}
"""The median and the bad end."""


class _Found(NamedTuple):
    """Rows by bucket and by value of a dimension; the latest events of the days ``late`` are not counted yet."""

    rows: list[Row]
    groups: list[Row]
    late: Sequence[date] = ()

    def plus(self, other: _Found) -> _Found:
        """Both together, as the two halves of a figure."""
        late = sorted({*self.late, *other.late})
        return _Found(_added(self.rows, other.rows), _added(self.groups, other.groups), late)


class _Other:
    """The other side of a comparison, ready to be asked for: ``step`` 0 = without a series."""

    def __init__(self, kpi: Kpi, against: Against, span: Span, step: int) -> None:
        self.kpi, self.against, self.step, self.span = kpi, against, step, span
        self.part = Part(1, self.span.start, self.span.end)
        self.narrow = _narrow(kpi, against.filters)


class Kpis:
    """Answers for pages, API and alerts alike; ``queries`` answers the KPIs of kind ``query`` by the name they give.

    With ``days`` figures of sessions come from kept sums where these tell them; a ``measure`` never does.
    """

    def __init__(
        self,
        readers: Readers,
        catalog: Catalog,
        clock: Clock,
        zone: str = "UTC",
        queries: Mapping[str, Query] = _NO_QUERIES,
        facts: FactKpis | None = None,
        days: Days | None = None,
    ) -> None:
        self._readers = readers
        self._days = days
        self._queries = queries
        self._facts = facts
        self.catalog = catalog
        self._clock = clock
        self._zone = zone
        self._values = Together(self._answer)
        self._sketches = Together(self._sketch)

    async def metric(
        self,
        name: str,
        span: Span,
        filters: Filters = Filters(),
        by: str = "",
        step: int | None = None,
        *,
        series: bool = True,
        against: Against | None = None,
        figure: bool = True,
    ) -> Metric:
        """One KPI with value, trend, series, groups ``by``, comparison. Raises Rejected for what it does not know.

        Without ``figure`` it is what a chart shows: there is no trend, and a value only where the series adds up to it.
        """
        kpi = self.catalog.get(name)
        narrow = _narrow(kpi, filters)
        facts = self._of(kpi)
        span = self._fixed(kpi, span)
        queried = kpi.kind == "query" and facts is None
        step = self._step(kpi, span, step)
        before = facts.before(span) if facts else Span(span.start - (span.end - span.start), span.start)
        halves = [Part(0, before.start, before.end), Part(1, span.start, span.end)]
        drawn = step if series and kpi.additive and not queried else 0
        other = None
        if against:
            that = before if against.span is None else self._fixed(kpi, against.span)
            other = _Other(kpi, against, that, step if drawn or ((queried or facts) and series) else 0)
        found, drawn_rows, percentiles, their, other_days = await asyncio.gather(
            self._figures(kpi, halves if figure else halves[1:], drawn, by, narrow) if figure or drawn else _nothing(),
            self._series(kpi, halves[1], narrow, step, wanted=series),
            self._percentiles(kpi, span, narrow),
            self._figures(kpi, [other.part], drawn, "", other.narrow) if other else _nothing(),
            self._series(kpi, other.part, other.narrow, step, wanted=series) if other else _no_rows(),
        )
        rows, others = found.rows, their.rows
        now, then = _sum(rows, 1), _sum(rows, 0)
        value, bound = estimate.value(kpi, now), estimate.interval(kpi, now)
        moment = self._clock.now()
        points = self._daily(kpi, drawn_rows) if queried else []
        if drawn:
            points = estimate.points(kpi, rows, span, step, moment, self._zone)
        against_points = self._daily(kpi, other_days)
        if other and drawn:
            against_points = estimate.points(kpi, others, other.span, step, moment, self._zone)
        if facts and series:
            points = await self._buckets(kpi, rows if drawn else drawn_rows, span, step, narrow)
            if other:
                those = others if drawn else other_days
                against_points = await self._buckets(kpi, those, other.span, step, other.narrow)
        return Metric(
            id=kpi.id,
            title=kpi.title,
            value=value,
            unit=self._unit(kpi),
            n=now.samples,
            target=kpi.target,
            warning=kpi.warning,
            critical=kpi.critical,
            status=status(kpi, value),
            trend=estimate.tested(kpi, now, then)[0],
            previous=estimate.value(kpi, then),
            definition=kpi.definition,
            description=kpi.description,
            better=kpi.better,
            min_samples=kpi.min_samples,
            enough=now.samples >= kpi.min_samples,
            low=bound.low if bound else None,
            high=bound.high if bound else None,
            start=span.start,
            end=span.end,
            step=step,
            decimals=kpi.decimals,
            playbook=kpi.playbook,
            provisional=facts.provisional(kpi, span, narrow) if facts else False,
            percentiles=percentiles,
            series=points,
            groups=estimate.groups(kpi, found.groups),
            late=sorted({*found.late, *their.late}),
            versus=self._versus(other, now, span, others, against_points) if other else None,
        )

    async def measure(self, name: str, span: Span, filters: Filters = Filters()) -> Measure:
        """The figure alone, for alerts; of facts, over the newest days that are complete and mature."""
        kpi = self.catalog.get(name)
        span = self._settled(kpi, span)
        found = await self._figures(kpi, [Part(1, span.start, span.end)], 0, "", _narrow(kpi, filters), keep=False)
        return estimate.measure(kpi, _sum(found.rows, 1))

    async def measures(self, name: str, span: Span, by: str) -> dict[str, Measure]:
        """The figure for every value of dimension ``by`` in the range."""
        kpi = self.catalog.get(name)
        span = self._settled(kpi, span)
        narrow = _narrow(kpi, Filters())
        found = await self._figures(kpi, [Part(1, span.start, span.end)], 0, by, narrow, keep=False)
        return {row.k: estimate.measure(kpi, row.sums) for row in found.groups}

    async def dimension_values(self, name: str, span: Span) -> list[str]:
        """Values of ``release`` or ``device`` seen in the range, sorted; releases newest first by their numbers."""
        if name not in _DIMENSIONS:
            raise Rejected("dimension", f"there are {', '.join(_DIMENSIONS)}, not {name!r}")
        margin = timedelta(hours=1)
        table = await self._readers.rows(_DIMENSIONS[name], {"start": span.start - margin, "end": span.end})
        values = [value for value in table.column("k").to_pylist() if value] if table.num_columns else []
        return sorted(values, key=_version, reverse=True) if name == "release" else values

    async def _figures(
        self, kpi: Kpi, parts: list[Part], step: int, by: str, narrow: Narrow, *, keep: bool = True
    ) -> _Found:
        """Every part by bucket, and the last one as a whole by each value of ``by``."""
        check_dimension(kpi, by)
        if kpi.of_facts or kpi.kind == "query":
            rows, groups = await asyncio.gather(
                self._rows(kpi, parts, step, "", narrow),
                self._rows(kpi, parts[-1:], 0, by, narrow) if by else _no_rows(),
            )
            return _Found(rows, groups)
        frame = Frame(tuple(parts), step, by, narrow, self._zone, keep and self._days is not None)
        found = await asyncio.gather(*(self._values.ask(frame, formula) for formula in formulas(kpi)))
        return reduce(_Found.plus, found)

    async def _answer(self, frame: Frame, asked: Sequence[Formula]) -> list[_Found]:
        """All formulas of one frame, with one statement for those that are read from the same rows."""
        groups = together(asked, frame)
        answers = await asyncio.gather(*(self._group(frame, group) for group in groups))
        found = {formula: answer for group in answers for formula, answer in group.items()}
        return [found[formula] for formula in asked]

    async def _group(self, frame: Frame, group: Sequence[Formula]) -> dict[Formula, _Found]:
        kept, late = await self._kept(frame, group[0])
        table = await self._readers.rows(*compile_values(group, frame, kept, await self._held(frame, group[0])))
        numbers = sources(group)
        found = {}
        for index, formula in enumerate(group):
            rows = _read(table, index, numbers[formula.source], frame.parts[-1].half)
            found[formula] = _Found(*rows, late)
        return found

    async def _kept(self, frame: Frame, formula: Formula) -> tuple[Kept | None, list[date]]:
        if self._days is None or not frame.of_kept(formula):
            return None, []
        dates = self._dates(frame)
        source = await self._days.rows(STABILITY, dates, frame.narrow.project)
        zone = self._days.zone
        days = [(calendar.begin(day, zone), calendar.begin(day + timedelta(1), zone)) for day in dates]
        return Kept(source.sql, source.params, days), source.late

    async def _held(self, frame: Frame, formula: Formula) -> Held:
        if self._days is None or not frame.kept or formula.source not in EVENTS or not frame.days(formula):
            return {}
        zone, known = self._days.zone, await self._days.held(MEASURES, self._dates(frame), frame.narrow.project)
        return {
            (calendar.begin(day, zone), calendar.begin(day + timedelta(1), zone)): versions
            for day, versions in known.items()
        }

    def _dates(self, frame: Frame) -> Dates:
        """The local days that the frame touches."""
        zone = ZoneInfo(self._zone)
        return Dates(calendar.local(frame.parts[0].start, zone), calendar.local(frame.parts[-1].end - _INSTANT, zone))

    async def _rows(self, kpi: Kpi, parts: list[Part], step: int, by: str, narrow: Narrow) -> list[Row]:
        """Of facts and of queries."""
        if facts := self._of(kpi):
            return await facts.rows(kpi, self.catalog.kpis.values(), parts, step, by, narrow)
        return await self._query(kpi).rows(kpi, parts, by, narrow)

    async def _series(self, kpi: Kpi, part: Part, narrow: Narrow, step: int, *, wanted: bool) -> list[Row]:
        """What a KPI answers apart from its value: all of kind ``query``, and those over facts that do not add up."""
        if facts := self._of(kpi):
            if kpi.additive or not wanted:
                return []
            return await facts.rows(kpi, self.catalog.kpis.values(), [part], step, "", narrow)
        return await self._query(kpi).series(kpi, part, narrow) if wanted and kpi.kind == "query" else []

    async def _buckets(self, kpi: Kpi, rows: list[Row], span: Span, step: int, narrow: Narrow) -> list[Point]:
        facts = self._of(kpi)
        made = await facts.points(kpi, rows, span, step, narrow) if facts else []
        return [Point(at, estimate.value(kpi, sums), sums.samples, cut, young) for at, sums, cut, young in made]

    def _of(self, kpi: Kpi) -> FactKpis | None:
        """What answers a KPI over facts; None for all others."""
        if not kpi.of_facts:
            return None
        if self._facts is None:
            raise GiveUp(f"KPI {kpi.id} is made of business facts, which this process does not read")
        return self._facts

    def _fixed(self, kpi: Kpi, span: Span) -> Span:
        """The range that the entry insists on, ending where the asked one ends; whole days for facts."""
        if facts := self._of(kpi):
            return facts.whole(span, kpi.trailing_days)
        return Span(span.end - timedelta(days=kpi.trailing_days), span.end) if kpi.trailing_days else span

    def _settled(self, kpi: Kpi, span: Span) -> Span:
        facts = self._of(kpi)
        return facts.settled(kpi, span) if facts else self._fixed(kpi, span)

    def _step(self, kpi: Kpi, span: Span, asked: int | None) -> int:
        if facts := self._of(kpi):
            return asked or facts.step(span)
        if kpi.kind == "query":
            return DAY
        if asked in (WEEK, MONTH):
            raise Rejected("bucket", f"{kpi.id} is known by day and by shorter times, not by week or month")
        return asked or step_for(span)

    def _unit(self, kpi: Kpi) -> str:
        return str(kpi.unit).replace("money", self._facts.facts.currency) if self._facts else kpi.unit

    def _query(self, kpi: Kpi) -> Query:
        try:
            return self._queries[kpi.query]
        except KeyError:
            known = ", ".join(sorted(self._queries)) or "none"
            raise GiveUp(f"KPI {kpi.id}: there is no query {kpi.query!r}; known queries: {known}") from None

    def _daily(self, kpi: Kpi, rows: list[Row]) -> list[Point]:
        """Local days as points; the one that is going on is partial."""
        zone = ZoneInfo(self._zone)
        today = self._clock.now().astimezone(zone).date()
        found = []
        for row in rows:
            at = datetime.fromtimestamp(row.t, UTC)
            found.append(
                Point(at, estimate.value(kpi, row.sums), row.sums.samples, at.astimezone(zone).date() >= today)
            )
        return found

    def _versus(self, other: _Other, now: Sums, span: Span, rows: list[Row], series: list[Point]) -> Versus:
        kpi, step, then = other.kpi, other.step, _sum(rows, 1)
        value, before, bound = estimate.value(kpi, now), estimate.value(kpi, then), estimate.interval(kpi, then)
        trend, p = estimate.tested(kpi, now, then)
        return Versus(
            label=other.against.label,
            start=other.span.start,
            end=other.span.end,
            value=before,
            n=then.samples,
            low=bound.low if bound else None,
            high=bound.high if bound else None,
            difference=None if value is None or before is None else value - before,
            verdict=comparison.verdict(trend),
            p=p,
            shift=comparison.shift(span.start, other.span.start, step, self._zone) if step else 0,
            series=series,
        )

    async def _percentiles(self, kpi: Kpi, span: Span, narrow: Narrow) -> list[Percentile]:
        if not kpi.percentiles:
            return []
        frame = Frame((Part(1, span.start, span.end),), 0, "", narrow, self._zone, self._days is not None)
        found = await self._sketches.ask(frame, formulas(kpi)[0])
        return [Percentile(q, _centred(found[q])) for q in _SHOWN[kpi.better]]

    async def _sketch(self, frame: Frame, asked: Sequence[Formula]) -> list[dict[float, float]]:
        """The value at each of PERCENTILES, for every formula; NaN without any row."""
        found: dict[Formula, dict[float, float]] = {}
        for group in together(asked, frame):
            table = await self._readers.rows(*compile_percentiles(group, frame, await self._held(frame, group[0])))
            numbers, known = sources(group), {row["source"]: row["q"] for row in table.to_pylist()}
            for formula in group:
                values = known.get(numbers[formula.source], [math.nan] * len(PERCENTILES))
                found[formula] = dict(zip(PERCENTILES, values, strict=True))
        return [found[formula] for formula in asked]


def _added(one: Iterable[Row], other: Iterable[Row]) -> list[Row]:
    merged: dict[tuple[int, int, str], Sums] = {}
    for row in (*one, *other):
        merged[row[:3]] = merged.get(row[:3], Sums()).plus(row.sums)
    return [Row(*key, sums) for key, sums in sorted(merged.items())]


async def _nothing() -> _Found:
    return _Found([], [])


async def _no_rows() -> list[Row]:
    return []


def _narrow(kpi: Kpi, filters: Filters) -> Narrow:
    foreign = ("role", *AXES, *(("release", "device", "project") if kpi.of_facts else ()))
    for name in foreign:
        if getattr(filters, name) and name not in kpi.dimensions:
            known = ", ".join(kpi.dimensions) or "nothing"
            raise Rejected(name, f"{kpi.id} is not known by {name}, only by {known}")
    if filters.known and not kpi.of_facts:
        raise Rejected("known", f"{kpi.id} is made of events, which are never corrected: leave this out")
    if filters.project and not filters.project.isdecimal():
        raise Rejected("project", f"is the number of a project, not {filters.project!r}")
    axes = {name: getattr(filters, name) for name in ("release", "device", "role", *AXES)}
    return Narrow(int(filters.project or 0), **axes, known=_day(filters.known) if filters.known else None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Rejected("known", f"expected a date like 2026-11-22; got {text[:40]!r}") from None


def _read(table: pa.Table, index: int, source: int, half: int) -> tuple[list[Row], list[Row]]:
    """The rows of one formula by bucket, and those of ``half`` by value of a dimension."""
    if not table.num_rows:
        return [], []
    names = ("named", "source", "half", "t", "k", *(f"{name}_{index}" for name in ("num", "den", "samples")))
    columns = [table.column(name).to_pylist() for name in (*names, "total", "squares", "events")]
    rows: list[Row] = []
    groups: list[Row] = []
    for named, number, part, t, k, num, den, samples, total, squares, events in zip(*columns, strict=True):
        if number == source and (not named or part == half):
            (groups if named else rows).append(Row(part, t, k, Sums(num, den, samples, total, squares, events)))
    return rows, groups


def _sum(rows: Iterable[Row], half: int) -> Sums:
    total = Sums()
    for row in rows:
        if row.half == half:
            total = total.plus(row.sums)
    return total


def _centred(value: float | None) -> float | None:
    """BFloat16 cuts the mantissa after 7 bits: half a unit up halves the error to 0.39 %."""
    if value is None or math.isnan(value):
        return None
    return value + math.ldexp(1.0, math.frexp(value)[1] - 9) if value > 0 else value


def _version(release: str) -> tuple[tuple[int, str], ...]:
    """2.10.0 after 2.9.1."""
    parts = release.replace("-", ".").replace("+", ".").split(".")
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
