"""The Customers page: the book of business by priority, narrowed by view, owner, segment and words."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.calendar import Dates
from lopan.analytics.customers.book import VIEWS
from lopan.analytics.metric import Filters
from lopan.control.principal import Principal
from lopan.web import export, navigation, performance, render, toolbar
from lopan.web.api import PROBLEMS, Asker, answer
from lopan.web.auth import signed_in
from lopan.web.customers import sheets, words
from lopan.web.customers.board import SORTS, Listing, load, read
from lopan.web.parts import parts_of
from lopan.web.people import frame
from lopan.web.shape import model

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


@router.get("/customers")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """Every customer with score, change and reason, renewal and what to do, the most urgent first."""
    navigation.require(reader, navigation.CUSTOMERS)
    parts, asked = parts_of(request), read(request.query_params)
    board = await load(parts, reader, asked)
    span = frame.span(Dates(board.listing.before, board.listing.day), parts)
    tools, alerts = await asyncio.gather(
        toolbar.around(request, reader, navigation.CUSTOMERS, asked.address(), span, Filters()),
        performance.active_alerts(parts, reader),
    )
    context = {
        "board": board,
        "listing": board.listing,
        "query": board.asked,
        "views": {name: title for name, (title, _) in VIEWS.items()},
        "sorts": {name: title for name, (title, _) in SORTS.items() if name != "mrr" or board.money},
        "tools": msgspec.structs.replace(tools, may_annotate=False),
        "words": words,
        "firing": performance.firing(alerts),
    }
    return render.page(request, "customers/list.html", context, principal=reader)


@router.get("/customers/list.{form}")
async def file(request: Request, reader: Annotated[Principal, Depends(signed_in)], form: export.Form) -> Response:
    """All customers that match as a file."""
    navigation.require(reader, navigation.CUSTOMERS)
    parts = parts_of(request)
    board = await load(parts, reader, read(request.query_params), 0)
    return await export.answer(request, sheets.book(board.listing, parts.config.timezone, money=board.money), form)


@machines.get("/customers", response_model=model(Listing))
async def customers(
    request: Request,
    asker: Asker,
    view: Annotated[
        str, Query(description="all, risk, falling, renewals, onboarding, answers, breaches or gaps.")
    ] = "",
    q: Annotated[str, Query(description="Only customers with this in their name, id or region.")] = "",
    owner: Annotated[str, Query(description="Only customers of this owner.")] = "",
    segment: Annotated[str, Query(description="Only customers of this segment.")] = "",
    sort: Annotated[
        str, Query(description="score, change, renewal, contact, name or mrr; by priority otherwise.")
    ] = "",
    page: Annotated[str, Query(description="Pages of 50, from 1.")] = "1",
    to: Annotated[str, Query(description="The day of the scores; the last one that is over when left out.")] = "",
) -> Response:
    """Customers with score, interval, parts, change with its reason, renewal, advice; MRR for who may see revenue."""
    navigation.require(asker, navigation.CUSTOMERS)
    given = {"view": view, "q": q, "owner": owner, "segment": segment, "sort": sort, "page": page, "to": to}
    return answer(request, (await load(parts_of(request), asker, read(given))).listing)
