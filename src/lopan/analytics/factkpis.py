"""KPIs over business facts: whole production days, by day, week or month, as known now or on an earlier day."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from lopan.analytics.calendar import DAY, Dates, begin, local, monday
from lopan.analytics.facts import Facts
from lopan.analytics.metric import Span
from lopan.analytics.query import FactQuery, Row, Sums
from lopan.catalog import MONTH, WEEK, Kpi, Narrow, Part, compile_facts, siblings
from lopan.catalog.compiler import DAY as SECONDS
from lopan.catalog.workdays import numbered
from lopan.clock import Clock
from lopan.errors import GiveUp

_INSTANT = timedelta(milliseconds=1)
_DAYS, _WEEKS = 62, 400
"""Up to so many days a series has one point a day, a week; beyond, one a month."""

_NONE: Mapping[str, FactQuery] = MappingProxyType({})


class FactKpis:
    """Answers KPIs over ``facts``; ``queries`` answers those of kind ``query`` by the name they give."""

    def __init__(self, facts: Facts, clock: Clock, queries: Mapping[str, FactQuery] = _NONE) -> None:
        self.facts = facts
        self._clock = clock
        self._queries = queries
        self.zone = ZoneInfo(facts.zone)

    def now(self, narrow: Narrow) -> datetime:
        """The present, or the end of the day as of which it is asked; whole seconds, so that readers share answers."""
        now = self._clock.now().replace(microsecond=0) + timedelta(seconds=1)
        return min(now, begin(narrow.known + DAY, self.zone)) if narrow.known else now

    def whole(self, span: Span, trailing: int = 0) -> Span:
        """The days that a span touches, from midnight to midnight; ``trailing``: so many up to its last one."""
        last = local(span.end - _INSTANT, self.zone)
        first = last - DAY * (trailing - 1) if trailing else local(span.start, self.zone)
        return Span(begin(first, self.zone), begin(last + DAY, self.zone))

    def before(self, span: Span) -> Span:
        """As many days just before those of ``span``."""
        days = self.dates(span)
        return Span(begin(days.first - DAY * len(days), self.zone), span.start)

    def settled(self, kpi: Kpi, span: Span) -> Span:
        """The newest days, as many as ``span`` is long, that are over and old enough not to change: for alerts."""
        days = max(1, ceil(span.seconds / SECONDS))
        last = local(span.end - _INSTANT, self.zone) - DAY * (1 + kpi.maturity_days)
        return Span(begin(last - DAY * (days - 1), self.zone), begin(last + DAY, self.zone))

    def dates(self, span: Span) -> Dates:
        """The days of a span that begins and ends at midnights."""
        return Dates(local(span.start, self.zone), local(span.end - _INSTANT, self.zone))

    def step(self, span: Span) -> int:
        """How finely a series over ``span`` is drawn."""
        days = len(self.dates(span))
        return SECONDS if days <= _DAYS else WEEK if days <= _WEEKS else MONTH

    async def rows(
        self, kpi: Kpi, kpis: Collection[Kpi], parts: Sequence[Part], step: int, by: str, narrow: Narrow
    ) -> list[Row]:
        """One row for every part, bucket and key; ``t`` is the midnight at which the bucket begins, 0 without step.

        Those of ``kpis`` that count the same rows are answered by the same statement, which runs once for all of them.
        """
        now, dates = self.now(narrow), self._around(parts)
        days = await self.facts.workdays(dates, narrow.known, narrow.site)
        if kpi.kind == "query":
            found = await self._query(kpi).rows(kpi, parts, step, by, narrow, days, now)
        else:
            together = siblings(kpi, kpis)
            statements = compile_facts(together, parts, step, by, narrow, days, self.facts.zone, now)
            asked = (self.facts.ask(sql, narrow.known, **params) for sql, params in statements)
            found = _merged(await asyncio.gather(*asked), together.index(kpi))
        return [row._replace(t=self._at(row.t)) for row in found] if step else found

    async def points(
        self, kpi: Kpi, rows: Sequence[Row], span: Span, step: int, narrow: Narrow
    ) -> list[tuple[datetime, Sums, bool, bool]]:
        """Every bucket that the span touches: its begin, sums, whether it is partial, whether provisional."""
        now, dates = self.now(narrow), self.dates(span)
        days = await self.facts.workdays(dates, narrow.known, narrow.site)
        found = {row.t: row.sums for row in rows if row.half == 1}
        made = []
        for first, last in buckets(dates, step):
            at, over = begin(first, self.zone), days.over(last)
            cut = first < dates.first or last > dates.last or over > now
            young = over + DAY * kpi.maturity_days > now
            made.append((at, found.get(int(at.timestamp()), Sums()), cut, bool(kpi.maturity_days) and young))
        return made

    def provisional(self, kpi: Kpi, span: Span, narrow: Narrow) -> bool:
        """Whether the span ends, or goes on, later than ``maturity_days`` ago."""
        return bool(kpi.maturity_days) and span.end + DAY * kpi.maturity_days > self.now(narrow)

    def _around(self, parts: Sequence[Part]) -> Dates:
        return self.dates(Span(min(part.start for part in parts), max(part.end for part in parts)))

    def _at(self, day: int) -> int:
        return int(begin(numbered(day), self.zone).timestamp())

    def _query(self, kpi: Kpi) -> FactQuery:
        try:
            return self._queries[kpi.query]
        except KeyError:
            known = ", ".join(sorted(self._queries)) or "none"
            raise GiveUp(f"KPI {kpi.id}: there is no query {kpi.query!r} of facts; known queries: {known}") from None


def buckets(dates: Dates, step: int) -> Iterator[tuple[date, date]]:
    """First and last day of every bucket that ``dates`` touch: days, ISO weeks or calendar months."""
    day = dates.first
    if step == WEEK:
        day = monday(day)
    elif step == MONTH:
        day = day.replace(day=1)
    while day <= dates.last:
        after = day + (DAY if step == SECONDS else DAY * 7)
        if step == MONTH:
            after = (day + DAY * 31).replace(day=1)
        yield day, after - DAY
        day = after


def _merged(answers: Sequence[list[dict[str, Any]]], place: int) -> list[Row]:
    merged: dict[tuple[int, int, str], Sums] = {}
    for answer in answers:
        for row in answer:
            key = (row["half"], row["t"], row["k"])
            merged[key] = merged.get(key, Sums()).plus(Sums(*row["figures"][place].values()))
    return [Row(*key, sums) for key, sums in sorted(merged.items())]
