"""What the Business page shows about one query: figures of facts, and what a shift needs to know now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec

from lopan.analytics.business.shopfloor import Down, Downtime, OpenOrder, Shopfloor, UnitTime, Waiting
from lopan.analytics.metric import Metric
from lopan.catalog import AXES, Narrow
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, charts, performance
from lopan.web.optional import nothing
from lopan.web.parts import Parts
from lopan.web.query import Query

MACHINES: Final = "manufacturing"
TICKETS: Final = "supportTickets"
CARDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Orders": ("on_time_delivery", "delivery_performance", "perfect_order", "order_accuracy"),
    "Shop floor": (
        *("batch_completion", "oee", "allocation", "throughput"),
        *("first_pass_yield", "scrap_rate", "lead_time_median", "lead_time_p90"),
    ),
    "Support": (
        *("issue_resolution_time", "issue_resolution_p90", "issue_resolution_sla", "open_ticket_age"),
        *("first_response_time", "ticket_due_breaches"),
    ),
}
CHARTS: Final = ("on_time_delivery", "delivery_performance", "oee", "first_pass_yield")
ROWS: Final = 12


class Section(msgspec.Struct, frozen=True):
    """The figures of one part of the business that the reader may see and that know the filters."""

    title: str
    metrics: list[Metric]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows; None = the reader's level does not include it, or it does not know a filter."""

    query: Query
    now: datetime
    sections: list[Section]
    left_out: list[str]
    units: list[UnitTime] | None = None
    reasons: list[Downtime] | None = None
    down: list[Down] | None = None
    orders: list[OpenOrder] | None = None
    tickets: list[Waiting] | None = None

    @property
    def metrics(self) -> list[Metric]:
        """All figures in order."""
        return [metric for section in self.sections for metric in section.metrics]

    @property
    def empty(self) -> bool:
        """True when there is no row behind anything."""
        lists = (self.units, self.reasons, self.down, self.orders, self.tickets)
        return not any(metric.n for metric in self.metrics) and not any(lists)

    @property
    def behind(self) -> list[OpenOrder]:
        """Orders that have made less than planned by now, the greatest share missing first."""
        late = [one for one in self.orders or [] if one.behind > 0]
        return sorted(late, key=lambda one: (-one.behind / one.ordered, one.order))

    @property
    def risky(self) -> list[OpenOrder]:
        """Orders with a reason to doubt them: those due by the end of tomorrow, then the overdue, the newest first."""
        doubted = [(one.due, one) for one in self.orders or [] if one.due is not None and one.risk(self.now)]
        ahead = sorted((pair for pair in doubted if pair[0] > self.now), key=lambda pair: pair[0])
        past = sorted((pair for pair in doubted if pair[0] <= self.now), key=lambda pair: pair[0], reverse=True)
        return [one for _, one in ahead + past]

    def troubles(self) -> dict[str, list[Metric]]:
        """As on the Performance page."""
        return performance.troubles(self.metrics)

    @property
    def charted(self) -> list[Metric]:
        """Figures whose course is drawn large."""
        return [metric for metric in self.metrics if metric.id in CHARTS]

    def chart_data(self) -> list[dict[str, Any]]:
        """The trend charts by column."""
        return [charts.trend(metric) for metric in self.charted]


def narrowed(asked: Query) -> Narrow:
    """The filters of the page; raises Rejected for a day that can't be read."""
    axes = {name: getattr(asked.filters, name) for name in AXES}
    try:
        known = date.fromisoformat(asked.filters.known) if asked.filters.known else None
    except ValueError:
        raise Rejected("known", f"expected a date like 2026-11-22; got {asked.filters.known[:40]!r}") from None
    return Narrow(**axes, known=known)


async def load(parts: Parts, floor: Shopfloor, principal: Principal, asked: Query, *, full: bool = True) -> Board:
    """Measure what ``principal`` may see; without ``full`` the figures alone."""
    narrow, left_out, wanted = narrowed(asked), [], {}
    chosen = [name for name in AXES if getattr(narrow, name)]
    for title, names in CARDS.items():
        for name in names:
            kpi = parts.catalog.kpis.get(name)
            if kpi is None or not access.may(principal, kpi.group):
                continue
            if set(chosen) <= set(kpi.dimensions):
                wanted[name] = title
            else:
                left_out.append(kpi.title)
    machines = full and access.may(principal, MACHINES)
    knows = not (narrow.product or narrow.customer or narrow.segment)
    waits = full and access.may(principal, TICKETS) and not (narrow.site or narrow.product or narrow.segment)
    span = asked.span
    metrics, units, reasons, down, orders, tickets = await asyncio.gather(
        asyncio.gather(*(parts.kpis.metric(name, span, asked.filters, against=asked.against) for name in wanted)),
        floor.waterfall(span, narrow) if machines and knows else nothing(),
        floor.downtime(span, narrow) if machines and knows else nothing(),
        floor.down(narrow) if machines and knows else nothing(),
        floor.orders(narrow) if machines and not narrow.segment else nothing(),
        floor.waiting(narrow) if waits else nothing(),
    )
    by_title: dict[str, list[Metric]] = {}
    for (_, title), metric in zip(wanted.items(), metrics, strict=True):
        by_title.setdefault(title, []).append(metric)
    return Board(
        query=asked,
        now=parts.clock.now(),
        sections=[Section(title, found) for title, found in by_title.items()],
        left_out=left_out,
        units=units,
        reasons=reasons,
        down=down,
        orders=orders,
        tickets=tickets,
    )
