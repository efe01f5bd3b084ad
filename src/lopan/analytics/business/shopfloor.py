"""What a shift needs now: where planned time went, what is down and why, which orders are late, which tickets wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.metric import Span
from lopan.catalog import Narrow
from lopan.catalog.workdays import number
from lopan.errors import Rejected

MOST_ORDERS = 500
AGES = ((0, "under a day"), (24, "1 to 3 days"), (72, "3 to 7 days"), (168, "7 to 30 days"), (720, "over 30 days"))
"""Ages of open tickets, by the hours from which on one counts."""


class UnitTime(msgspec.Struct, frozen=True, kw_only=True):
    """Where the planned hours of one work unit went; ``other_h`` = nothing reported, or idle.

    ``speed_h`` is lost by running slower than the ideal cycle, and negative when that is too long; ``scrap_h`` went
    into pieces that are not good; ``no_cycle`` pieces have no ideal cycle and add nothing to ``effective_h``.
    """

    work_unit: str
    site: str
    shifts: int
    planned_h: float
    down_h: float
    delay_h: float
    setup_h: float
    other_h: float
    speed_h: float
    scrap_h: float
    effective_h: float
    pieces: float
    no_cycle: float

    @property
    def oee(self) -> float:
        """In percent."""
        return 100 * self.effective_h / self.planned_h


class Downtime(msgspec.Struct, frozen=True):
    """One reason: hours that work units were down for it, in so many stops; ``share`` in percent, ``upto`` summed."""

    reason: str
    hours: float
    stops: int
    units: int
    share: float
    upto: float


class Down(msgspec.Struct, frozen=True):
    """A work unit that is down now, since when and why; ``order`` is the one that waits for it."""

    work_unit: str
    site: str
    reason: str
    since: datetime
    order: str


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A work order that has not ended. ``plan`` is what should be good by now: over the shifts of its site from the
    planned start to the planned end, or over all hours where the calendar does not reach over both. ``expected`` is
    when it ends if it goes on as since its start. None = not known.
    """

    order: str
    site: str
    product: str
    customer: str
    ordered: float
    good: float
    plan: float | None
    due: datetime | None
    started: datetime | None
    expected: datetime | None

    @property
    def behind(self) -> float:
        """Good units that are missing to the plan of now."""
        return max(0.0, (self.plan or 0.0) - self.good)

    def risk(self, now: datetime) -> str:
        """Why it may not be done by the time it is due; empty when nothing says so."""
        if self.due is None:
            return ""
        if self.due <= now:
            return "overdue"
        if self.started is None:
            return "not started"
        if self.expected is None:
            return "nothing made yet"
        return "too slow" if self.expected > self.due else ""


class Waiting(msgspec.Struct, frozen=True):
    """Open tickets of one priority: how many of each of ``AGES``, and the age of the oldest in hours."""

    priority: str
    counts: list[int]
    oldest_h: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


class Shopfloor:
    """Answers from facts, as known on the day of ``narrow`` if it has one; filters that rows lack raise Rejected."""

    def __init__(self, facts: FactKpis) -> None:
        self._kpis, self._facts = facts, facts.facts

    async def waterfall(self, span: Span, narrow: Narrow) -> list[UnitTime]:
        """Every work unit with planned time in the days of ``span``, the greatest loss first."""
        dates, params = await self._machines(span, narrow)
        rows = await self._facts.rows(
            "waterfall", narrow.known, first=number(dates.first), last=number(dates.last), **params
        )
        return [_unit(row) for row in rows]

    async def downtime(self, span: Span, narrow: Narrow) -> list[Downtime]:
        """Reasons of downtime in the days of ``span``, the longest first; what overlaps at a work unit counts once."""
        _, params = await self._machines(span, narrow)
        ends = {"from": span.start, "until": span.end}
        rows = await self._facts.rows("downtime", narrow.known, **ends, **params)
        whole, sofar, made = sum(row["hours"] for row in rows), 0.0, []
        for row in rows:
            sofar += row["hours"]
            figures = (row["hours"], row["stops"], row["units"], 100 * row["hours"] / whole, 100 * sofar / whole)
            made.append(Downtime(row["reason"], *figures))
        return made

    async def down(self, narrow: Narrow) -> list[Down]:
        """What is down now, the longest first."""
        now = self._kpis.now(narrow)
        _, params = await self._machines(Span(now - DAY, now), narrow)
        rows = await self._facts.rows("down_now", narrow.known, **params)
        return [Down(row["work_unit"], row["site"], row["why"], row["since"], row["job"]) for row in rows]

    async def orders(self, narrow: Narrow) -> list[OpenOrder]:
        """Open work orders that should be under way, or are due by the end of tomorrow, by due date."""
        now = self._kpis.now(narrow)
        today = self._kpis.dates(Span(now, now)).last
        soon = begin(today + DAY * 2, self._kpis.zone)
        filters = {name: getattr(narrow, name) for name in ("site", "product", "customer", "region")}
        rows = await self._facts.rows("open_orders", narrow.known, now=now, soon=soon, most=MOST_ORDERS, **filters)
        return [_order(row) for row in rows]

    async def waiting(self, narrow: Narrow) -> list[Waiting]:
        """Open tickets by priority and age, the most urgent first."""
        _refuse(narrow, "tickets", ("site", "product"))
        filters = {"customer": narrow.customer, "region": narrow.region}
        rows = await self._facts.rows("ticket_ages", narrow.known, now=self._kpis.now(narrow), **filters)
        found: dict[str, dict[int, int]] = {}
        oldest: dict[str, int] = {}
        for row in rows:
            found.setdefault(row["urgency"], {})[row["least_h"]] = row["tickets"]
            oldest[row["urgency"]] = max(oldest.get(row["urgency"], 0), row["oldest_h"])
        order = ("critical", "high", "normal", "low", "")
        made = [Waiting(one, [found[one].get(least, 0) for least, _ in AGES], oldest[one]) for one in found]
        return sorted(made, key=lambda one: order.index(one.priority))

    async def values(self, most: int) -> dict[str, list[str]]:
        """What can be filtered by: sites, products, customers and regions, at most so many of each."""
        found: dict[str, list[str]] = {"site": [], "product": [], "customer": [], "region": []}
        for row in await self._facts.rows("fact_values", most=most):
            if row["value"]:
                found[row["name"]].append(row["value"])
        return {name: sorted(values) for name, values in found.items()}

    async def _machines(self, span: Span, narrow: Narrow) -> tuple[Dates, dict[str, Any]]:
        _refuse(narrow, "work units", ("product", "customer", "segment"))
        dates = self._kpis.dates(self._kpis.whole(span))
        days = await self._facts.workdays(dates, narrow.known, narrow.site)
        ends = {"start": days.start, "end": days.end, "now": self._kpis.now(narrow)}
        return dates, {**days.params, **ends, "site": narrow.site, "region": narrow.region}


def _refuse(narrow: Narrow, what: str, names: Sequence[str]) -> None:
    for name in names:
        if getattr(narrow, name):
            raise Rejected(name, f"{what} are not known by {name}: leave it out")


def _unit(row: dict[str, Any]) -> UnitTime:
    copied = ("work_unit", "site", "shifts", "planned_h", "down_h", "delay_h", "setup_h", "effective_h", "pieces")
    lost = row["production_h"] + row["down_h"] + row["delay_h"] + row["setup_h"]
    return UnitTime(
        **{name: row[name] for name in copied},
        other_h=max(0.0, row["planned_h"] - lost),
        speed_h=row["production_h"] - row["ideal_h"],
        scrap_h=row["ideal_h"] - row["effective_h"],
        no_cycle=row["no_cycle"],
    )


def _order(row: dict[str, Any]) -> OpenOrder:
    copied = ("order", "site", "product", "customer", "ordered", "good", "due", "started", "expected")
    return OpenOrder(**{name: row[name] for name in copied}, plan=row["plan_now"])
