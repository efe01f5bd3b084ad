"""Figures of facts in a house, asked as pages and alerts ask them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from tests.conftest import ManualClock
from tests.house import House

from lopan.analytics.business import moneykpis, roikpis
from lopan.analytics.business.moneykpis import Approved
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.facts import Facts
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Filters, Metric, Span
from lopan.catalog import Catalog, Kpi, load
from lopan.catalog.business import Business

CATALOG = load()


async def unapproved() -> None:
    """No baseline is approved."""


def asked(
    house: House,
    work: Callable[[Kpis], Coroutine[Any, Any, Any]],
    zone: str = "UTC",
    now: datetime | None = None,
    catalog: Catalog = CATALOG,
    approved: Approved = unapproved,
) -> Any:
    """What ``work`` answers from the KPIs over the facts of ``house`` at ``now``."""

    async def ask(facts: Facts) -> Any:
        clock, how = ManualClock(), Business()
        money = {**moneykpis.queries(facts, how, approved), **roikpis.queries(facts, how, approved)}
        clock.move(((now or house.clock.now()) - clock.now()).total_seconds())
        return await work(Kpis(facts._readers, catalog, clock, zone, {}, FactKpis(facts, clock, money)))

    return house.ask(ask, zone)


def metric(house: House, name: str, span: Span, by: str = "", step: int | None = None, **more: Any) -> Metric:
    """One figure of ``house``; filters by name."""
    how = {key: more.pop(key) for key in ("zone", "now", "catalog", "approved", "against") if key in more}
    against = how.pop("against", None)
    wanted = partial(Kpis.metric, name=name, span=span, filters=Filters(**more), by=by, step=step, against=against)
    found: Metric = asked(house, wanted, **how)
    return found


def own(**fields: Any) -> Catalog:
    """A catalog of one entry, for what no built-in entry asks."""
    base: dict[str, Any] = {
        "id": "own",
        "title": "Own",
        "description": "Own.",
        "unit": "%",
        "better": "higher",
        "kind": "ratio",
        "group": "manufacturing",
        "numerator": "sum(n)",
        "denominator": "sum(n)",
        "dimensions": ("site",),
    }
    return Catalog([Kpi(**(base | fields))])
