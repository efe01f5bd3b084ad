"""The companies behind a cell of the market: won or not, what they are worth, who looks after them."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.business.market import NOBODY, Cell, Companies, Company, Side
from lopan.control.principal import Principal
from lopan.web import api, export, navigation, performance, render, shape
from lopan.web.auth import signed_in
from lopan.web.customers import words
from lopan.web.market import sheets
from lopan.web.market.board import markets
from lopan.web.market.query import Asked, read
from lopan.web.parts import parts_of

PER_PAGE: Final = 50
TITLES: Final[dict[Side, str]] = {
    "addressable": "Addressable",
    "won": "Won",
    "open": "Not won",
    "outside": "Not on the list",
    "beyond": "Won outside the SAM",
    "other": "Outside the SAM",
    "unvalued": "Without a value",
    "over": "Pay more than their value",
    "unpriced": "Without an exchange rate",
}
_SHOWN: Final[tuple[Side, ...]] = ("addressable", "won", "open", "outside", "beyond", "other")

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the companies of ``side`` at the end of ``day``; segment and region null = all, "" = not stated.

    ``total`` is how many there are, 0 on a page that does not exist; ``currency`` that of value and arr, a year's.
    """

    day: date
    known: date | None
    segment: str | None
    region: str | None
    side: Side
    currency: str
    total: int
    page: int
    pages: int
    companies: list[Company]


@router.get("/market/companies")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """The companies behind a cell, the largest first."""
    principal = navigation.require(reader, navigation.MARKET)
    parts, asked = parts_of(request), _read(request)
    found, cell, alerts = await asyncio.gather(
        _find(request, asked), _cell(request, asked), performance.active_alerts(parts, principal)
    )
    counts = {
        "addressable": cell.addressable,
        "won": cell.won,
        "open": cell.open,
        "outside": cell.outside,
        "beyond": cell.beyond,
        "other": cell.tam - cell.sam - cell.beyond,
    }
    context = {
        "query": asked,
        "cell": cell,
        "found": found,
        "last_page": _pages(found.total),
        "titles": TITLES,
        "sides": {side: counts[side] for side in _SHOWN if counts[side] or side in (asked.side, "won", "open")},
        "currency": parts.config.business.currency,
        "links": navigation.may_open(principal, navigation.CUSTOMERS),
        "words": words,
        "firing": performance.firing(alerts),
    }
    return render.page(request, "market/companies.html", context, principal=principal)


@router.get("/market/companies.{form}")
async def table(request: Request, reader: Annotated[Principal, Depends(signed_in)], form: export.Form) -> Response:
    """All companies of that side as a file."""
    navigation.require(reader, navigation.MARKET)
    parts, asked = parts_of(request), _read(request)
    found = await markets(parts).companies(asked.day, asked.now, asked.where, asked.side)
    made = sheets.companies(found.rows, asked, parts.config.business.currency, parts.config.timezone)
    return await export.answer(request, made, form)


@machines.get("/market/companies", response_model=shape.model(Answer))
async def answer(
    request: Request,
    asker: api.Asker,
    day: Annotated[str, Query(description="As of the end of this day; today when left out.")] = "",
    segment: Annotated[str | None, Query(description="Only this segment; given but empty: those without one.")] = None,
    region: Annotated[str | None, Query(description="Only this region; given but empty: those without one.")] = None,
    side: Annotated[
        str,
        Query(
            description="addressable, won, open (not won), outside (won, not on the list), beyond (won, outside the "
            "SAM), other (outside the SAM), unvalued, over (pay more than their value) or unpriced."
        ),
    ] = "",
    page: Annotated[str, Query(description="Pages of 50, from 1.")] = "1",
    known: Annotated[str, Query(description="A day: as the facts were known when it ended.")] = "",
) -> Response:
    """The parent companies behind a cell of the market, with their value, revenue a year and owner, largest first."""
    navigation.require(asker, navigation.MARKET)
    asked = _read(request)
    found = await _find(request, asked)
    told = Answer(
        day=asked.day,
        known=asked.known,
        segment=asked.segment,
        region=asked.region,
        side=asked.side,
        currency=parts_of(request).config.business.currency,
        total=found.total,
        page=asked.page,
        pages=_pages(found.total),
        companies=found.rows,
    )
    return api.answer(request, told)


def _read(request: Request) -> Asked:
    parts = parts_of(request)
    return read(request.query_params, parts.clock.now(), parts.zone, blank=True)


async def _find(request: Request, asked: Asked) -> Companies:
    skip = PER_PAGE * (asked.page - 1)
    return await markets(parts_of(request)).companies(asked.day, asked.now, asked.where, asked.side, PER_PAGE, skip)


async def _cell(request: Request, asked: Asked) -> Cell:
    found = await markets(parts_of(request)).cells([asked.day], asked.now, asked.where)
    return found[0][1] if found else NOBODY


def _pages(total: int) -> int:
    return max(1, -(-total // PER_PAGE))
