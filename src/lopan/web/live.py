"""One stream a page: when rows are committed or an alert moves, what changed on the page is sent, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from lopan.analytics.metric import Metric, Point
from lopan.control.principal import Principal
from lopan.errors import TryAgain
from lopan.web import auth, charts, figures, navigation
from lopan.web.parts import Feed, Parts, parts_of

PAUSE: Final = 0.5
"""Seconds between two updates at least; under load four times what the last one took."""
DETAIL: Final = 5.0
"""Seconds between two updates of the comparison, which people read more slowly than the figures."""
BEAT: Final = 10.0
RECHECK: Final = 30.0
_LONGEST_PAUSE: Final = 5.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Shown(msgspec.Struct, frozen=True):
    """What a page shows at a moment: markup by its ``data-live`` name, and series by the id of their chart.

    ``metrics``: the figures whose charts may have a second line, by the same id.
    """

    fragments: dict[str, str]
    series: dict[str, list[Point]] = {}
    metrics: dict[str, Metric] = {}


class Look(Protocol):
    """Measures what one open page shows; ``full`` asks for what people read slowly, too. Raises TryAgain."""

    async def __call__(self, *, full: bool) -> Shown:
        """The page as it is now."""
        ...


Open = Callable[[Request, Principal], Look]
"""Reads the page's address; raises Rejected naming the parameter."""


class Watcher:
    """What one open page shows, and what has to be said to it next."""

    def __init__(self, request: Request, look: Look) -> None:
        self.parts: Parts = parts_of(request)
        self.shown = Shown({})
        self._look = look
        self._detailed = self.parts.clock.monotonic()

    async def update(self) -> bytes:
        """Measure again and put what changed into one message; empty when nothing did."""
        clock = self.parts.clock
        full = clock.monotonic() - self._detailed >= DETAIL
        drawn = await self._look(full=full)
        if full:
            self._detailed = clock.monotonic()
        known = self.shown
        fresh = {name: html for name, html in drawn.fragments.items() if known.fragments.get(name) != html}
        tails = [tail for name in drawn.series if (tail := _tail(name, known, drawn))]
        self.shown = Shown(known.fragments | fresh, known.series | drawn.series)
        if not fresh and not tails:
            return b""
        stamp = figures.stamp(clock.now(), self.parts.zone, clock.now())
        return event("update", {"fragments": fresh, "charts": tails, "at": stamp})


def _tail(name: str, known: Shown, drawn: Shown) -> dict[str, Any]:
    points = drawn.series[name]
    changed = charts.tail(known.series.get(name, []), points)
    if not changed:
        return {}
    metric = drawn.metrics.get(name)
    second = charts.compared(metric, changed) if metric else {}
    return {"id": name, "since": int(points[0].t.timestamp()), **charts.columns(changed), **second}


def route(page: navigation.Page, look: Open) -> Route:
    """Where the stream of ``page`` is: ``/live`` before its path; access is checked now and every 30 s."""

    async def stream(request: Request) -> StreamingResponse:
        principal = navigation.require(await auth.current(request), page)
        watcher = Watcher(request, look(request, principal))
        return StreamingResponse(
            _messages(request, principal, watcher), media_type="text/event-stream", headers=_HEADERS
        )

    return Route(f"/live{page.path}", stream, include_in_schema=False)


async def _messages(request: Request, principal: Principal, watcher: Watcher) -> AsyncIterator[bytes]:
    parts, woken = watcher.parts, asyncio.Event()
    woken.set()
    feeds = [asyncio.create_task(_wake(feed, woken)) for feed in (parts.commits, parts.changes)]
    checked = parts.clock.monotonic()
    yield b"retry: 2000\n\n"
    try:
        while True:
            due = await _wait(woken, BEAT)
            if parts.clock.monotonic() - checked >= RECHECK:
                checked, due = parts.clock.monotonic(), True
                if await auth.current(request) != principal:
                    yield event("end", {})
                    return
            if not due:
                yield event("beat", {})
                continue
            started = parts.clock.monotonic()
            yield await _next(watcher)
            took = parts.clock.monotonic() - started
            await asyncio.sleep(min(_LONGEST_PAUSE, max(PAUSE, 4 * took)))
    finally:
        for task in feeds:
            task.cancel()
        await asyncio.gather(*feeds, return_exceptions=True)


async def _next(watcher: Watcher) -> bytes:
    try:
        return await watcher.update() or event("beat", {})
    except TryAgain:
        # The store is busy: what is shown stays, and the next commit tries again.
        return event("beat", {})


async def _wake(feed: Feed, woken: asyncio.Event) -> None:
    async for _ in feed.subscribe():
        woken.set()


async def _wait(woken: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), seconds)
    due = woken.is_set()
    woken.clear()
    return due


def event(name: str, data: object) -> bytes:
    """One server-sent event; JSON has no line breaks, so one data line is enough."""
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
