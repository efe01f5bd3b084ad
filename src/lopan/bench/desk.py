"""What a page asks: one line a page, so that a new page is measured as soon as it is named here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.days import Days
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Span
from lopan.analytics.opendays import REUSE_COST
from lopan.analytics.people import People
from lopan.analytics.usage import Usage, daily
from lopan.catalog import load as load_catalog
from lopan.catalog.product import load as load_product
from lopan.clock import SystemClock
from lopan.store import Readers, Store
from lopan.web.performance import CARDS

ZONE = "UTC"


class Desk(NamedTuple):
    """The modules that pages ask, over one set of readers."""

    kpis: Kpis
    people: People
    usage: Usage


Asked = Awaitable[object]
Ask = Callable[[Desk], Asked]


def days_of(root: Path, store: Store) -> Days:
    """The daily tables of the store of ``root``, with its own features and workflows."""
    product = load_product(root / "lopan.d")
    return Days(store, ZONE, SystemClock(), daily(product), reuse=REUSE_COST)


def sit(root: Path, readers: Readers, days: Days) -> Desk:
    """A desk over the store of ``root``, composed as the server does it."""
    clock, people = SystemClock(), People(days, readers)
    usage = Usage(people, readers, load_product(root / "lopan.d"))
    kpis = Kpis(readers, load_catalog(root / "lopan.d"), clock, ZONE, days=days)
    return Desk(kpis, people, usage)


def _dates(desk: Desk, days: int) -> Dates:
    today = desk.people.days.today()
    return Dates(today - (days - 1) * DAY, today)


def _performance(desk: Desk, days: int) -> Asked:
    now = SystemClock().now().replace(microsecond=0)  # whole seconds, as a page asks: readers share them
    span = Span(now - timedelta(days=days), now)
    return asyncio.gather(*(desk.kpis.metric(name, span, by="release") for name in CARDS))


def _engagement(desk: Desk, days: int) -> Asked:
    dates = _dates(desk, days)
    return asyncio.gather(
        desk.people.engagement.report(dates, by="role"), desk.people.sessions.report(dates, by="role")
    )


PAGES: Mapping[str, Ask] = {
    "Performance, 24 hours": lambda desk: _performance(desk, 1),
    "Performance, 30 days": lambda desk: _performance(desk, 30),
    "Engagement, 30 days": lambda desk: _engagement(desk, 30),
    "Engagement, 90 days": lambda desk: _engagement(desk, 90),
    "Retention, 90 cohorts": lambda desk: desk.people.retention.report(_dates(desk, 90)),
    "Retention, triangle by week": lambda desk: desk.people.retention.triangle(_dates(desk, 90), "week"),
    "Features, 28 days": lambda desk: desk.usage.features.adoption(),
    "Workflow of 4 steps, 30 days": lambda desk: desk.usage.workflows.funnel("receive_goods", _dates(desk, 30)),
    "Workflows, 30 days": lambda desk: desk.usage.workflows.funnels(_dates(desk, 30)),
    "Satisfaction, 90 days": lambda desk: desk.usage.satisfaction.opinions(_dates(desk, 90)),
    "Roles, 30 days": lambda desk: desk.usage.roles.report(_dates(desk, 30)),
}
"""Every page with what it asks, all at once, as the page does."""
