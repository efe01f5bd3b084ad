"""The ROI page: what the roll-out has brought against what it has cost, since when, and how sure that is."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.calendar import Dates, local
from lopan.control import baselines, batches
from lopan.control.principal import Principal
from lopan.web import export, navigation, performance, render, toolbar
from lopan.web.api import PROBLEMS, Asker
from lopan.web.api import answer as answered
from lopan.web.auth import signed_in
from lopan.web.business import roi_sheets
from lopan.web.business.roi_answer import Answer, answer
from lopan.web.business.roi_board import load, read
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.people import frame
from lopan.web.shape import model

Reader = Annotated[Principal, Depends(signed_in)]
PANELS = ("verdict", "notices", "outcomes", "course", "savings", "costs", "baseline", "aside", "doubts")
"""What the stream draws again, each by the macro of that name."""
FACTS = ("labour", "work_order", "cost", "inventory_snapshot", "rollout_cost", "saving", "fx_rate", "site")
"""What the return is made of."""

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


@router.get("/business/roi")
async def page(request: Request, reader: Reader) -> Response:
    """Net ROI in total and in cash, payback, savings by line, costs, and the baseline they are measured against."""
    principal = navigation.require(reader, navigation.ROI)
    parts, asked = parts_of(request), read(request.query_params)
    board, alerts = await asyncio.gather(load(parts, asked), performance.active_alerts(parts, principal))
    today = local(parts.clock.now(), parts.zone)
    span = frame.span(board.roi.dates or Dates(today, today), parts)
    tools = await toolbar.around(request, principal, navigation.ROI, asked.address(), span, asked.filters)
    context = {
        "board": board,
        "told": answer(board),
        "query": asked,
        "tools": msgspec.structs.replace(tools, may_annotate=False),
        "stream": f"/live/business/roi?{asked.address()}",
        "firing": performance.firing(alerts),
    }
    return render.page(request, "business/roi.html", context, principal=principal)


@router.get("/business/roi/{name}.{form}")
async def table(request: Request, reader: Reader, name: roi_sheets.Name, form: export.Form) -> Response:
    """One table of the page as a file, all of its rows."""
    navigation.require(reader, navigation.ROI)
    parts = parts_of(request)
    found = answer(await load(parts, read(request.query_params)))
    return await export.answer(request, roi_sheets.make(found, name, parts.config.timezone), form)


@machines.get("/roi", response_model=model(Answer))
async def roi(
    request: Request,
    asker: Asker,
    site: Annotated[str, Query(description="Only this site, against its own part of the baseline.")] = "",
    since: Annotated[
        str, Query(alias="from", description="The first day: 2026-03-01; when the roll-out began, when left out.")
    ] = "",
    until: Annotated[str, Query(alias="to", description="The last day, included; today when left out.")] = "",
    known: Annotated[str, Query(description="A day: everything as it was known when it ended.")] = "",
) -> Response:
    """The return on the roll-out at low, base and high phi: savings by line, costs, months, baseline, doubts."""
    navigation.require(asker, navigation.ROI)
    asked = read({"site": site, "from": since, "to": until, "known": known})
    return answered(request, answer(await load(parts_of(request), asked)))


def watch(request: Request, principal: Principal) -> Look:
    """The live half: everything, as soon as a fact, the baseline or the day is another one."""
    parts, drawing = parts_of(request), partial(render.fragment, request, "business/roi_parts.html")
    asked = read(request.query_params)
    seen: list[object] = [None, None]

    async def look(*, full: bool) -> Shown:
        # Once more after a change: at the first look answers may have been those from before it.
        mark = await _mark(parts)
        if seen == [mark, mark]:
            return Shown({})
        board = await load(parts, asked)
        told = answer(board)
        drawn = {f"card-{card.id}": drawing("card", card, board, told) for card in board.cards}
        drawn |= {name: drawing(name, board, told) for name in PANELS}
        if not board.empty:
            drawn["full"] = "yes"
        seen[:] = [seen[1], mark]
        return Shown(drawn)

    return look


async def _mark(parts: Parts) -> object:
    """Changes whenever something that the return is made of may have."""
    loaded, versions = await asyncio.gather(
        anyio.to_thread.run_sync(batches.ended, parts.engine, FACTS),
        anyio.to_thread.run_sync(baselines.listing, parts.engine),
    )
    return loaded, [(one.version, one.state) for one in versions], local(parts.clock.now(), parts.zone)
