"""The Market page: penetration with its interval, by segment and region, its course, and what is in doubt."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.business.market import Market
from lopan.analytics.metric import Filters
from lopan.control.principal import Principal
from lopan.web import api, charts, export, live, navigation, performance, render, shape, toolbar
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.market import sheets
from lopan.web.market.board import load
from lopan.web.market.query import Asked, read
from lopan.web.parts import parts_of

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The market at the end of ``market.day``, as was known on the day ``known``; shares are in 0-1, money is a year's.

    ``definitions`` are those of the two shares, by the id of their KPI.
    """

    known: date | None
    segment: str
    region: str
    zone: str
    definitions: dict[str, str]
    market: Market


@router.get("/market")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """How much of the market is won, by segment and region: figures, matrix, course, doubts."""
    principal = navigation.require(reader, navigation.MARKET)
    parts, asked = parts_of(request), _read(request)
    filters = Filters(segment=asked.segment or "", region=asked.region or "")
    board, tools, alerts = await asyncio.gather(
        load(parts, asked),
        toolbar.around(request, principal, navigation.MARKET, asked.address(), asked.span, filters),
        performance.active_alerts(parts, principal),
    )
    context = {
        "board": board,
        "query": asked,
        "tools": tools,
        "choices": {},
        "projects": [],
        "stream": f"/live/market?{asked.address()}",
        "chart_data": charts.data(parts.config.timezone, board.chart_data(), tools.marks),
        "may_import": navigation.may_open(principal, navigation.IMPORTS),
        "firing": performance.firing(alerts),
    }
    return render.page(request, "market/market.html", context, principal=principal)


@router.get("/market/{name}.{form}")
async def table(
    request: Request, reader: Annotated[Principal, Depends(signed_in)], name: sheets.Name, form: export.Form
) -> Response:
    """One table of the page as a file, all of its rows."""
    navigation.require(reader, navigation.MARKET)
    parts, asked = parts_of(request), _read(request)
    board = await load(parts, asked)
    return await export.answer(request, sheets.sheet(board, name, parts.config.timezone), form)


@machines.get("/market", response_model=shape.model(Answer))
async def market(
    request: Request,
    asker: api.Asker,
    day: Annotated[str, Query(description="As of the end of this day; today when left out.")] = "",
    segment: Annotated[str, Query(description="Only this segment.")] = "",
    region: Annotated[str, Query(description="Only this region.")] = "",
    known: Annotated[str, Query(description="A day: as the facts were known when it ended.")] = "",
) -> Response:
    """Penetration by segment and region with its interval, that by value, twelve months, doubts about the data."""
    navigation.require(asker, navigation.MARKET)
    parts, asked = parts_of(request), _read(request)
    board = await load(parts, asked)
    found = Answer(
        known=asked.known,
        segment=asked.segment or "",
        region=asked.region or "",
        zone=parts.config.timezone,
        definitions={one.id: one.definition for one in board.metrics},
        market=board.market,
    )
    return api.answer(request, found)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: all of it, for it is asked as one question."""
    parts, drawing = parts_of(request), live.drawing(request, "market/parts.html")
    _read(request)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, _read(request))
        if board.empty:
            return Shown({})
        drawn = {name: drawing(name, board) for name in ("verdict", "missing", "matrix", "sizes", "doubts")}
        drawn |= {f"card-{name}": drawing(f"card_{name}", board) for name in ("arr", "outside")}
        drawn |= {f"card-{one.id}": drawing("card_share", board, one) for one in board.metrics}
        drawn |= {name: drawing("split", board, name) for name in ("segments", "regions")}
        drawn["full"] = "yes"
        return Shown(drawn, {one.id: one.series for one in board.metrics}, {one.id: one for one in board.metrics})

    return look


def _read(request: Request) -> Asked:
    parts = parts_of(request)
    return read(request.query_params, parts.clock.now(), parts.zone)
