"""What a page asks: one line a page, so that a new page is measured as soon as it is named here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Metric, Span
from lopan.catalog import load as load_catalog
from lopan.clock import SystemClock
from lopan.store import Readers
from lopan.web.performance import CARDS

ZONE = "UTC"


class Desk(NamedTuple):
    """The modules that pages ask, over one set of readers."""

    kpis: Kpis


Ask = Callable[[Desk], Awaitable[object]]


def sit(root: Path, readers: Readers) -> Desk:
    """A desk over the store of ``root``, composed as the server does it."""
    return Desk(kpis=Kpis(readers, load_catalog(root / "lopan.d"), SystemClock(), ZONE))


def _performance(days: int) -> Ask:
    async def ask(desk: Desk) -> list[Metric]:
        now = SystemClock().now().replace(microsecond=0)  # whole seconds, as a page asks: readers share them
        span = Span(now - timedelta(days=days), now)
        return await asyncio.gather(*(desk.kpis.metric(name, span, by="release") for name in CARDS))

    return ask


PAGES: Mapping[str, Ask] = {
    "Performance, 24 hours": _performance(1),
    "Performance, 30 days": _performance(30),
}
"""Every page with the coroutine that asks all it asks, at once, as the page does."""
