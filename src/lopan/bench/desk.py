"""What a page asks: one line a page, so that a new page is measured as soon as it is named here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lopan.analytics import peoplekpis, usagekpis
from lopan.analytics.business import moneykpis, roikpis
from lopan.analytics.business.shopfloor import Shopfloor
from lopan.analytics.business.timetovalue import TimesToValue
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.customers.customers import Customers
from lopan.analytics.days import Days
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.facts import Facts
from lopan.analytics.keptfacts import KeptFacts
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Span
from lopan.analytics.opendays import REUSE_COST
from lopan.analytics.people import People
from lopan.analytics.usage import Usage, daily
from lopan.catalog import Narrow
from lopan.catalog import load as load_catalog
from lopan.catalog.business import load as load_judging
from lopan.catalog.health import load as load_health
from lopan.catalog.product import load as load_product
from lopan.catalog.screen import MAIN, Screen
from lopan.catalog.screen import load as load_screens
from lopan.clock import SystemClock
from lopan.config import Business
from lopan.control.principal import LEVELS
from lopan.store import Readers, Store
from lopan.web.business.board import CARDS as FIGURES
from lopan.web.performance import CARDS

ZONE = "UTC"
_CHOICES = 200


class Desk(NamedTuple):
    """The modules that pages ask, over one set of readers."""

    kpis: Kpis
    people: People
    usage: Usage
    floor: Shopfloor
    customers: Customers
    screens: Mapping[str, Screen]


Asked = Awaitable[object]
Ask = Callable[[Desk], Asked]


def days_of(root: Path, store: Store) -> Days:
    """The daily tables of the store of ``root``, with its own features and workflows."""
    product = load_product(root / "lopan.d")
    return Days(store, ZONE, SystemClock(), daily(product), reuse=REUSE_COST)


def sit(root: Path, readers: Readers, days: Days, store: Store, kept: KeptFacts) -> Desk:
    """A desk over the store of ``root``, composed as the server does it; no baseline is approved there."""
    clock, people, lopan_d = SystemClock(), People(days, readers), root / "lopan.d"
    product, business = load_product(lopan_d), Business()
    usage, catalog = Usage(people, readers, product), load_catalog(lopan_d)
    facts = Facts(readers, store, ZONE, business.currency, business.support_site, kept)
    judging = load_judging(lopan_d)
    times = TimesToValue(days, readers, facts, product, judging)
    money = {
        **moneykpis.queries(facts, judging, _no_baseline, times),
        **roikpis.queries(facts, judging, _no_baseline),
    }
    known = FactKpis(facts, clock, money)
    queries = {**peoplekpis.queries(people), **usagekpis.queries(usage)}
    return Desk(
        Kpis(readers, catalog, clock, ZONE, queries, known, days),
        people,
        usage,
        Shopfloor(known),
        Customers(days, readers, facts, product, load_health(lopan_d), judging),
        load_screens(lopan_d, catalog.kpis),
    )


async def _no_baseline() -> None:
    return None


def _dates(desk: Desk, days: int) -> Dates:
    today = desk.people.days.today()
    return Dates(today - (days - 1) * DAY, today)


def _span(days: int) -> Span:
    now = SystemClock().now().replace(microsecond=0)  # whole seconds, as a page asks: readers share them
    return Span(now - timedelta(days=days), now)


def _performance(desk: Desk, days: int) -> Asked:
    span = _span(days)
    return asyncio.gather(*(desk.kpis.metric(name, span, by="release") for name in CARDS))


def _engagement(desk: Desk, days: int) -> Asked:
    dates = _dates(desk, days)
    return asyncio.gather(
        desk.people.engagement.report(dates, by="role"), desk.people.sessions.report(dates, by="role")
    )


def _screen(desk: Desk, name: str) -> Asked:
    screen = desk.screens[name]
    tiles = [(tile.kpi, _span(section.days)) for section in screen.section for tile in section.tile]
    span = _span(screen.trend_days)
    return asyncio.gather(
        *(desk.kpis.metric(*tile) for tile in tiles),
        *(desk.kpis.metric(name, span, figure=False) for name in screen.trends),
        *(asked for panel in screen.panels for asked in _panel(desk, panel)),
    )


def _panel(desk: Desk, name: str) -> Iterator[Asked]:
    if name == "accounts":
        yield desk.customers.books.book()
    elif name == "down":
        yield desk.floor.down(Narrow())
    elif name in ("behind", "risky"):
        yield desk.floor.orders(Narrow())


def _business(desk: Desk, days: int) -> Asked:
    span, everything, floor = _span(days), Narrow(), desk.floor
    return asyncio.gather(
        *(desk.kpis.metric(name, span) for names in FIGURES.values() for name in names),
        floor.waterfall(span, everything),
        floor.downtime(span, everything),
        floor.down(everything),
        floor.orders(everything),
        floor.waiting(everything),
        floor.values(_CHOICES),
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

BUSINESS: Mapping[str, Ask] = {
    "Overview": lambda desk: _screen(desk, MAIN),
    **{f"First screen, {level}": partial(_screen, name=level) for level in LEVELS},
    "Business, 30 days": lambda desk: _business(desk, 30),
    "Business, a year": lambda desk: _business(desk, 365),
    "Customers": lambda desk: desk.customers.books.book(),
}
"""Pages that business facts are needed for."""


def pages(facts: bool) -> Mapping[str, Ask]:
    """All that a store has anything for."""
    return {**PAGES, **BUSINESS} if facts else PAGES
