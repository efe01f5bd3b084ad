"""The page Time to value: how long new accounts take to their first value, who is still on the way, who never came."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.business.timetovalue import LEAST, Group
from lopan.analytics.calendar import Dates
from lopan.analytics.metric import Filters
from lopan.control.principal import Principal
from lopan.web import access, export, navigation, performance, render, toolbar
from lopan.web.api import PROBLEMS, Asker, answer
from lopan.web.auth import signed_in
from lopan.web.customers import seen, value_sheets, words
from lopan.web.customers.value_board import DEFAULT, Way, load, read
from lopan.web.parts import parts_of
from lopan.web.people import frame
from lopan.web.shape import model

RANGES: Final = {"90": "90 d", "180": "180 d", "365": "1 y"}
ROWS: Final = 50
"""Accounts on their way that the page lists; the file has all."""
TITLES: Final = {"quarter": "Quarter of the start", "segment": "Segment", "region": "Region"}

Reader = Annotated[Principal, Depends(signed_in)]
router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts that began in ``dates``, as of the end of ``day``; shares in 0-1, days since the start.

    ``recorded``: since when usage is known; ``early`` accounts began before and are left out. ``waiting``: those on
    their way, the longest first; null where customers are not to be seen by name.
    """

    dates: Dates
    day: date
    zone: str
    recorded: date | None
    definition: str
    by: str
    segment: str
    region: str
    whole: Group
    groups: list[Group]
    early: int
    waiting: list[Way] | None


@router.get("/customers/time-to-value")
async def page(request: Request, reader: Reader) -> Response:
    """How many new accounts had their first value after how many days, and who has been on the way for how long."""
    navigation.require(reader, navigation.TIME_TO_VALUE)
    parts, asked = parts_of(request), read(parts_of(request), request.query_params)
    span = frame.span(asked.dates, parts)
    board, tools, alerts = await asyncio.gather(
        load(parts, reader, asked),
        toolbar.around(request, reader, navigation.TIME_TO_VALUE, asked.address(), span, Filters()),
        performance.active_alerts(parts, reader),
    )
    context = {
        "board": board,
        "found": board.found,
        "query": asked,
        "ranges": RANGES,
        "titles": TITLES,
        "rows": ROWS,
        "least": LEAST,
        "tools": msgspec.structs.replace(tools, may_annotate=False),
        "words": words,
        "firing": performance.firing(alerts),
    }
    return render.page(request, "customers/time_to_value.html", context, principal=reader)


@router.get("/customers/time-to-value/{name}.{form}")
async def file(
    request: Request, reader: Reader, name: Literal["curve", "groups", "waiting"], form: export.Form
) -> Response:
    """The curve, the groups, or the accounts on their way as a file."""
    navigation.require(reader, navigation.TIME_TO_VALUE)
    if name == "waiting":
        access.require(reader, seen.HEALTH)
    parts = parts_of(request)
    board = await load(parts, reader, read(parts, request.query_params))
    zone = parts.config.timezone
    made = {
        "curve": lambda: value_sheets.curve(board.found, zone),
        "groups": lambda: value_sheets.groups(board.found, zone),
        "waiting": lambda: value_sheets.waiting(board.waiting or [], board.found.day, zone),
    }
    return await export.answer(request, made[name](), form)


@machines.get("/time-to-value", response_model=model(Answer))
async def time_to_value(
    request: Request,
    asker: Asker,
    days: Annotated[str, Query(description="Accounts that began in so many days up to yesterday.")] = DEFAULT,
    since: Annotated[str, Query(alias="from", description="The first day of the start, instead of `days`.")] = "",
    until: Annotated[str, Query(alias="to", description="The last day of the start, included.")] = "",
    by: Annotated[str, Query(description="quarter, segment or region: what `groups` are.")] = "quarter",
    segment: Annotated[str, Query(description="Only accounts of this segment.")] = "",
    region: Annotated[str, Query(description="Only accounts of this region.")] = "",
    known: Annotated[str, Query(description="Contracts and accounts as they were known at the end of that day.")] = "",
) -> Response:
    """Kaplan-Meier of the days to first value: curve, median, share by day 30, 60, 90, groups, who is on the way."""
    navigation.require(asker, navigation.TIME_TO_VALUE)
    parts, asked = parts_of(request), read(parts_of(request), request.query_params)
    board = await load(parts, asker, asked)
    found = board.found
    told = Answer(
        dates=asked.dates,
        day=found.day,
        zone=parts.config.timezone,
        recorded=found.recorded,
        definition=found.definition,
        by=asked.by,
        segment=asked.segment,
        region=asked.region,
        whole=found.whole,
        groups=found.groups,
        early=found.early,
        waiting=board.waiting,
    )
    return answer(request, told)
