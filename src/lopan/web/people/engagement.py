"""The Engagement page: how many use the app, how often and for how long, who is new, comes back or leaves."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.engagement import DEFINITIONS, Week
from lopan.analytics.sessions import SessionDay, SessionFigures
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, api, export, navigation, render, shape
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.parts import parts_of
from lopan.web.people import against, cards, engagement_sheets, frame, query
from lopan.web.people.engagement_board import GROWTH, USE, Board, GroupRow, Period, UseDay, load, use_day
from lopan.web.people.engagement_figures import Side
from lopan.web.people.query import DayQuery

Reader = Annotated[Principal, Depends(signed_in)]
PERS: Final = {"day": "Day", "week": "Week"}

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of the courses: people and sessions by day, and all sessions of its range."""

    label: str
    dates: Dates
    days: list[UseDay]
    sessions: SessionFigures | None
    session_days: list[SessionDay]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows; null = your access level does not include it. ``late``: days that still miss late events.

    ``compared`` is what ``compare`` asks for.
    """

    dates: Dates
    zone: str
    audience: Audience
    by: str
    complete: date | None
    days: list[UseDay] | None
    lifecycle: list[Period]
    weeks: list[Week] | None
    sessions: SessionFigures | None
    session_days: list[SessionDay] | None
    benchmark_s: float
    groups: list[GroupRow] | None
    late: list[date]
    definitions: dict[str, str]
    compared: Compared | None


def read(request: Request) -> DayQuery:
    """The query in the address; raises Rejected."""
    parts = parts_of(request)
    asked = query.parse(request.query_params, parts.clock.now(), parts.zone, own=("per", against.FIELD))
    if asked.own["per"] not in ("", *PERS):
        raise Rejected("per", f"can be {', '.join(PERS)}, not {asked.own['per'][:20]!r}")
    against.read(asked)
    return asked


@router.get("/engagement")
async def page(request: Request, reader: Reader) -> Response:
    """How many use the app, how often and for how long; new, returning, resurrected and dormant people."""
    principal = navigation.require(reader, navigation.ENGAGEMENT)
    parts, asked = parts_of(request), read(request)
    board, around = await asyncio.gather(
        load(parts, principal, asked), frame.around(request, principal, navigation.ENGAGEMENT, asked)
    )
    drawn = [] if board.empty or not board.uses else board.charts()
    context = {
        **around,
        "board": board,
        "definitions": DEFINITIONS,
        "chart_data": frame.charted(parts, drawn, around["tools"].marks),
    }
    return render.page(request, "people/engagement.html", context, principal=principal)


@router.get("/engagement/{name}.{form}")
async def table(
    request: Request,
    reader: Reader,
    name: Literal["days", "lifecycle", "weeks", "sessions", "groups"],
    form: export.Form,
) -> Response:
    """One table of the page as a file, all of its rows."""
    principal = navigation.require(reader, navigation.ENGAGEMENT)
    if name != "lifecycle":
        access.require(principal, GROWTH if name == "weeks" else USE)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, principal, asked)
    return await export.answer(request, engagement_sheets.sheet(board, name, parts.config.timezone), form)


@machines.get("/engagement", response_model=shape.model(Answer))
async def answer(
    request: Request,
    asker: Reader,
    days: Annotated[str, Parameter(description="So many days that end today, or with `to`.")] = query.DEFAULT,
    since: Annotated[str, Parameter(alias="from", description="The first day, instead of `days`: 2026-11-22.")] = "",
    until: Annotated[str, Parameter(alias="to", description="The last day, included.")] = "",
    by: Annotated[str, Parameter(description="role, release or customer: what `groups` are.")] = "",
    per: Annotated[str, Parameter(description="day or week: what `lifecycle` counts by.")] = "",
    compare: Annotated[str, Parameter(description=against.DESCRIPTION)] = "",
    role: Annotated[str, Parameter(description="Only this role; at most one of the three.")] = "",
    release: Annotated[str, Parameter(description="Only this release.")] = "",
    customer: Annotated[str, Parameter(description="Only this customer.")] = "",
    project: Annotated[str, Parameter(description="Only the project of this number.")] = "",
) -> Response:
    """People by day, week and group, and their sessions: all that the page Engagement shows."""
    principal = navigation.require(asker, navigation.ENGAGEMENT)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, principal, asked)
    return api.answer(request, _answer(board, parts.config.timezone))


def watch(request: Request, principal: Principal) -> Look:
    """The live half: cards, courses and growth accounting at once, who differs when it is asked for."""
    parts, drawing = parts_of(request), partial(render.fragment, request, "people/engagement_parts.html")
    read(request)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, principal, read(request), compare=full)
        drawn = {f"card-{metric.id}": drawing("card", board, metric) for metric in board.cards()}
        drawn |= frame.versus(request, board.charts())
        drawn |= {"verdict": drawing("verdict", board), "lifecycle": drawing("lifecycle", board)}
        drawn["late"] = render.fragment(request, "people/parts.html", "late", board.late)
        if board.weeks:
            drawn["weeks"] = drawing("week_table", board)
        if board.groups:
            drawn["compare"] = drawing("comparison", board)
        if board.empty:
            return Shown(drawn)
        charted = {metric.id: metric for metric in board.charts()}
        series = {name: metric.series for name, metric in charted.items()}
        return Shown(drawn, cards.somebody(board.query.dates, parts.zone) | series, charted)

    return look


def _answer(board: Board, zone: str) -> Answer:
    hidden = set() if board.churns else {"churn"}
    hidden |= set() if board.grows else {"growth"}
    return Answer(
        dates=board.query.dates,
        zone=zone,
        audience=board.query.audience,
        by=board.query.by,
        complete=board.complete.day if board.complete else None,
        days=[use_day(day) for day in board.days] if board.uses else None,
        lifecycle=board.lifecycle(),
        weeks=board.weeks if board.grows else None,
        sessions=board.sessions.whole if board.sessions else None,
        session_days=board.sessions.days if board.sessions else None,
        benchmark_s=board.sessions.benchmark if board.sessions else 0.0,
        groups=board.groups if board.uses else None,
        late=board.late,
        definitions={name: text for name, text in DEFINITIONS.items() if name not in hidden},
        compared=_compared(board.other) if board.other else None,
    )


def _compared(side: Side) -> Compared:
    return Compared(
        label=side.label,
        dates=side.dates,
        days=[use_day(day) for day in side.days],
        sessions=side.sessions.whole if side.sessions else None,
        session_days=side.sessions.days if side.sessions else [],
    )
