"""The Business page: are orders kept, what does the shop floor lose, how long do customers wait."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.business.shopfloor import AGES, Shopfloor
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.metric import Point
from lopan.control.principal import Principal
from lopan.errors import GiveUp
from lopan.web import access, charts, export, navigation, performance, query, render, toolbar
from lopan.web.auth import signed_in
from lopan.web.business import sheets
from lopan.web.business.board import MACHINES, ROWS, TICKETS, Board, load, narrowed
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.query import Query

Reader = Annotated[Principal, Depends(signed_in)]
RANGES: Final = {"-7d": "7 d", "-30d": "30 d", "-90d": "90 d", "-365d": "1 y"}
DEFAULT: Final = "-30d"
CHOICES: Final = 200

router = APIRouter(include_in_schema=False)


def read(request: Request) -> Query:
    """The query in the address; raises Rejected."""
    parts = parts_of(request)
    params = {"from": DEFAULT} | {name: value for name, value in request.query_params.items() if value}
    asked = query.parse(params, parts.clock.now(), parts.zone)
    narrowed(asked)
    return asked


@router.get("/business")
async def page(request: Request, reader: Reader) -> Response:
    """Orders, the shop floor and support: figures, losses, and what is late now."""
    principal = navigation.require(reader, navigation.BUSINESS)
    parts, asked = parts_of(request), read(request)
    floor = shopfloor(parts)
    board, tools, choices, alerts = await asyncio.gather(
        load(parts, floor, principal, asked),
        toolbar.load(request, principal, navigation.BUSINESS, asked),
        floor.values(CHOICES),
        performance.active_alerts(parts, principal),
    )
    context = {
        "board": board,
        "query": asked,
        "tools": tools,
        "ranges": RANGES,
        "choices": choices,
        "projects": [],
        "most": ROWS,
        "ages": [title for _, title in AGES],
        "stream": f"/live/business?{asked.address()}",
        "chart_data": charts.data(parts.config.timezone, board.chart_data(), tools.marks),
        "firing": performance.firing(alerts),
    }
    return render.page(request, "business/business.html", context, principal=principal)


@router.get("/business/{name}.{form}")
async def table(
    request: Request,
    reader: Reader,
    name: sheets.Name,
    form: export.Form,
) -> Response:
    """One table of the page as a file, all of its rows."""
    principal = navigation.require(reader, navigation.BUSINESS)
    if name != "figures":
        access.require(principal, TICKETS if name == "tickets" else MACHINES)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, shopfloor(parts), principal, asked)
    return await export.answer(request, sheets.sheet(board, name, parts.config.timezone), form)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: figures at once, losses, late orders and the verdict, which counts them, when it is asked for."""
    parts, drawing = parts_of(request), partial(render.fragment, request, "business/parts.html")
    read(request)
    floor = shopfloor(parts)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, floor, principal, read(request), full=full)
        drawn = {f"card-{metric.id}": drawing("card", metric) for metric in board.metrics}
        if full:
            drawn |= {"verdict": drawing("verdict", board), **_panels(board, drawing)}
        charted = {metric.id: metric for metric in board.charted}
        series: dict[str, list[Point]] = {name: metric.series for name, metric in charted.items()}
        return Shown(drawn, series, charted)

    return look


def shopfloor(parts: Parts) -> Shopfloor:
    """What answers for the panels; raises GiveUp where there are no facts."""
    if parts.facts is None:
        raise GiveUp("this process reads no business facts")
    return Shopfloor(FactKpis(parts.facts, parts.clock))


def _panels(board: Board, drawing: partial[str]) -> dict[str, str]:
    ages = [title for _, title in AGES]
    drawn = {}
    if board.down is not None:
        drawn["down"] = drawing("down", board)
    if board.orders is not None:
        drawn |= {"behind": drawing("behind", board, ROWS), "risky": drawing("risky", board, ROWS)}
    if board.units is not None:
        drawn["waterfall"] = drawing("waterfall", board, ROWS)
    if board.reasons is not None:
        drawn["downtime"] = drawing("downtime", board, ROWS)
    if board.tickets is not None:
        drawn["tickets"] = drawing("tickets", board, ages)
    return drawn
