"""One stream a page: when rows are committed or an alert moves, what changed on the page is sent, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

from lopan.analytics.metric import Point
from lopan.control.principal import Principal
from lopan.errors import TryAgain
from lopan.web import auth, charts, figures, navigation, performance, render
from lopan.web.parts import Feed, Parts, parts_of

PAUSE: Final = 0.5
"""Seconds between two updates at least; under load four times what the last one took."""
DETAIL: Final = 5.0
"""Seconds between two updates of the comparison, which people read more slowly than the figures."""
BEAT: Final = 10.0
RECHECK: Final = 30.0
_LONGEST_PAUSE: Final = 5.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Watcher:
    """What one open page shows, and what has to be said to it next."""

    def __init__(self, request: Request, principal: Principal) -> None:
        self.request = request
        self.parts: Parts = parts_of(request)
        self.principal = principal
        self.fragments: dict[str, str] = {}
        self.series: dict[str, list[Point]] = {}
        self.detailed = self.parts.clock.monotonic()

    async def update(self) -> bytes:
        """Measure again and put what changed into one message; empty when nothing did."""
        asked = performance.read(self.request, self.principal)
        clock = self.parts.clock
        compare = clock.monotonic() - self.detailed >= DETAIL
        board = await performance.load(self.parts, self.principal, asked, compare=compare)
        if compare:
            self.detailed = clock.monotonic()
        drawn = self._draw(board)
        fresh = {name: html for name, html in drawn.items() if self.fragments.get(name) != html}
        tails = self._tails(board)
        self.fragments |= fresh
        if not fresh and not tails:
            return b""
        stamp = figures.stamp(clock.now(), self.parts.zone, clock.now())
        return event("update", {"fragments": fresh, "charts": tails, "at": stamp})

    def _draw(self, board: performance.Board) -> dict[str, str]:
        def draw(macro: str, *arguments: object) -> str:
            return render.fragment(self.request, "board.html", macro, *arguments)

        drawn = {f"card-{metric.id}": draw("card_body", metric) for metric in board.metrics}
        drawn |= {f"facts-{metric.id}": draw("facts", metric) for metric in board.metrics}
        drawn |= {"verdict": draw("verdict", board), "alerts": draw("alert_panel", board)}
        drawn["firing"] = draw("firing_badge", performance.firing(board.alerts))
        if board.rows:
            drawn["compare"] = draw("comparison", board)
        drawn |= {
            f"versus-{metric.id}": render.fragment(self.request, "chart.html", "versus", metric)
            for metric in board.metrics
            if metric.versus
        }
        return drawn

    def _tails(self, board: performance.Board) -> list[dict[str, Any]]:
        tails = []
        for metric in board.metrics:
            changed = charts.tail(self.series.get(metric.id, []), metric.series)
            self.series[metric.id] = metric.series
            if changed:
                since = int(metric.series[0].t.timestamp())
                tails.append(
                    {
                        "id": metric.id,
                        "since": since,
                        **charts.columns(changed),
                        **charts.compared(metric, changed),
                    }
                )
        return tails


async def stream(request: Request) -> StreamingResponse:
    """Answer ``/live/performance``; access is checked now and every 30 s."""
    principal = navigation.require(await auth.current(request), navigation.PERFORMANCE)
    performance.read(request, principal)
    return StreamingResponse(_messages(request, principal), media_type="text/event-stream", headers=_HEADERS)


async def _messages(request: Request, principal: Principal) -> AsyncIterator[bytes]:
    watcher = Watcher(request, principal)
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
