"""The main screen, and the first screen of every level: a few figures with target, trend and owner, then the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from lopan.alerts.history import AlertView
from lopan.analytics.metric import Filters, Metric
from lopan.catalog.screen import MAIN, Screen, Section, Tile
from lopan.control.principal import Principal
from lopan.errors import TryAgain
from lopan.web import access, charts, marks, performance, query, render
from lopan.web.api import NotFound
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.marks import Mark
from lopan.web.optional import nothing
from lopan.web.overview import accounts, floor, freshness
from lopan.web.overview.panel import Panel
from lopan.web.parts import Parts, parts_of
from lopan.web.query import Query

Reader = Annotated[Principal, Depends(signed_in)]

PANELS: Final[Mapping[str, Panel]] = MappingProxyType(
    {
        "accounts": accounts.PANEL,
        "down": floor.DOWN,
        "behind": floor.BEHIND,
        "risky": floor.RISKY,
        "freshness": freshness.PANEL,
    }
)
"""What a screen may name in ``panels``."""

router = APIRouter(include_in_schema=False)


class Card(msgspec.Struct, frozen=True):
    """One figure, those that are told beside it, and who answers for it."""

    metric: Metric
    owner: str
    beside: list[Metric] = []

    @property
    def metrics(self) -> list[Metric]:
        """The figure and those beside it."""
        return [self.metric, *self.beside]

    @property
    def told(self) -> list[Metric]:
        """Those beside it that have something to say."""
        return [metric for metric in self.beside if metric.value is not None]


class Group(msgspec.Struct, frozen=True):
    """The figures of one section that the reader may see, with the range they are of."""

    title: str
    query: Query
    page: str
    cards: list[Card]


class Drawn(msgspec.Struct, frozen=True):
    """A panel; ``body`` None = the store is busy."""

    name: str
    panel: Panel
    body: Markup | None


class Board(msgspec.Struct, frozen=True):
    """All that a screen shows to one reader."""

    screen: Screen
    groups: list[Group]
    trends: list[Metric]
    query: Query
    alerts: list[AlertView]
    panels: list[Drawn]
    marks: list[Mark]

    @property
    def metrics(self) -> list[Metric]:
        """Those of the cards."""
        return [card.metric for group in self.groups for card in group.cards]

    @property
    def empty(self) -> bool:
        """True when no figure has a single sample."""
        return not any(metric.n for metric in self.metrics)

    def troubles(self) -> dict[str, list[Metric]]:
        """As on the Performance page."""
        return performance.troubles(self.metrics)


@router.get("/overview")
async def main(request: Request, reader: Reader) -> Response:
    """Everything at a glance, as far as the reader may see it."""
    return await _page(request, reader, find(parts_of(request), reader, MAIN))


@router.get("/overview/{name}")
async def first(request: Request, reader: Reader, name: str) -> Response:
    """The first screen of one level."""
    return await _page(request, reader, find(parts_of(request), reader, name))


def find(parts: Parts, reader: Principal, name: str) -> Screen:
    """The screen of that id, if it is the reader's; raises NotFound or Forbidden."""
    screen = parts.screens.get(name)
    if screen is None:
        raise NotFound("screen", f"there is no screen {name[:40]!r}; there are {', '.join(parts.screens)}")
    if not access.may_see_screen(reader, screen.level):
        raise access.Forbidden(f"the {screen.title} screen")
    return screen


def mine(parts: Parts, reader: Principal) -> list[Screen]:
    """The screens that the reader may open, the main one first."""
    return [screen for screen in parts.screens.values() if access.may_see_screen(reader, screen.level)]


async def load(request: Request, reader: Principal, screen: Screen, *, full: bool = True) -> Board:
    """Measure what ``reader`` may see of ``screen``, everything at once; trends and panels only when ``full``."""
    parts = parts_of(request)
    trends = [name for name in screen.trends if full and _may(parts, reader, name)]
    asked = _asked(parts, screen.trend_days)
    groups, drawn, alerts, panels, marked = await asyncio.gather(
        asyncio.gather(*(_group(parts, reader, section) for section in screen.section)),
        asyncio.gather(*(parts.kpis.metric(name, asked.span, figure=False) for name in trends)),
        performance.active_alerts(parts, reader),
        asyncio.gather(*(_panel(request, reader, name) for name in screen.panels if full)),
        marks.of(parts, reader, asked.span, Filters()) if full else nothing(),
    )
    return Board(
        screen=screen,
        groups=[group for group in groups if group.cards],
        trends=list(drawn),
        query=asked,
        alerts=alerts,
        panels=[panel for panel in panels if panel is not None and panel.body != ""],
        marks=marked or [],
    )


def watch(request: Request, reader: Principal) -> Look:
    """The live half: figures and alerts at once, charts and panels when it is asked for."""
    name = request.query_params.get("screen", MAIN)
    screen = find(parts_of(request), reader, name)
    drawing = partial(render.fragment, request, "board.html")

    async def look(*, full: bool) -> Shown:
        board = await load(request, reader, screen, full=full)
        cards = [card for group in board.groups for card in group.cards]
        drawn = {f"card-{one.metric.id}": drawing("card_body", one.metric, one.told) for one in cards}
        drawn |= {f"facts-{one.id}": drawing("facts", one) for card in cards for one in card.metrics}
        drawn |= {
            "verdict": drawing("verdict", board),
            "firing": drawing("firing_badge", performance.firing(board.alerts)),
        }
        drawn["alerts"] = render.fragment(request, "overview/panels.html", "alerts", board.alerts)
        drawn |= {f"panel-{one.name}": str(one.body) for one in board.panels if one.body is not None}
        return Shown(drawn, {one.id: one.series for one in board.trends}, {one.id: one for one in board.trends})

    return look


async def _page(request: Request, reader: Principal, screen: Screen) -> Response:
    parts = parts_of(request)
    board = await load(request, reader, screen)
    context: dict[str, Any] = {
        "board": board,
        "screens": mine(parts, reader),
        "firing": performance.firing(board.alerts),
        "stream": f"/live/overview?screen={screen.id}",
        "chart_data": charts.data(parts.config.timezone, [charts.trend(one) for one in board.trends], board.marks),
    }
    return render.page(request, "overview/screen.html", context, principal=reader)


async def _group(parts: Parts, reader: Principal, section: Section) -> Group:
    asked = _asked(parts, section.days)
    seen = [tile for tile in section.tile if _may(parts, reader, tile.kpi)]
    cards = await asyncio.gather(*(_card(parts, reader, tile, asked) for tile in seen))
    return Group(section.title, asked, section.page, list(cards))


async def _card(parts: Parts, reader: Principal, tile: Tile, asked: Query) -> Card:
    beside = [name for name in tile.beside if _may(parts, reader, name)]
    metric, *others = await asyncio.gather(
        parts.kpis.metric(tile.kpi, asked.span),
        *(parts.kpis.metric(name, asked.span, series=False) for name in beside),
    )
    return Card(metric, tile.owner, others)


async def _panel(request: Request, reader: Principal, name: str) -> Drawn | None:
    panel = PANELS[name]
    if panel.groups and not any(access.may(reader, group) for group in panel.groups):
        return None
    try:
        return Drawn(name, panel, await panel.draw(request, reader))
    except TryAgain:
        return Drawn(name, panel, None)


def _asked(parts: Parts, days: int) -> Query:
    since = "-24h" if days == 1 else f"-{days}d"
    return query.parse({"from": since}, parts.clock.now(), parts.zone)


def _may(parts: Parts, reader: Principal, name: str) -> bool:
    return access.may(reader, parts.catalog.get(name).group)
