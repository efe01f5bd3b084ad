"""The page of one customer: its score part by part, its course, what happened, the technical causes, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.customers.causes import Cause
from lopan.analytics.customers.detail import Detail, Happening
from lopan.analytics.customers.score import Colour
from lopan.analytics.impact import Fault
from lopan.analytics.metric import Filters, Metric, Point, Span
from lopan.control.principal import Principal
from lopan.web import access, export, navigation, performance, render, toolbar
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import signed_in
from lopan.web.customers import seen, sheets, words
from lopan.web.customers.seen import Group
from lopan.web.marks import Mark
from lopan.web.parts import Parts, parts_of
from lopan.web.people import frame
from lopan.web.people.query import day as read_day
from lopan.web.shape import model

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)

_WEEK_S = 7 * 86_400
GROUPS = 5
"""Crash groups of a customer that its page lists."""


class One(msgspec.Struct, frozen=True, kw_only=True):
    """One customer with the technical causes; ``crashes`` None = not to be seen with this access level."""

    detail: Detail
    causes: list[Cause]
    crashes: list[Group] | None

    @property
    def name(self) -> str:
        """As people call it."""
        return self.detail.entry.name

    @property
    def colour(self) -> Colour:
        """Of the score."""
        return self.detail.entry.health.colour

    @property
    def marked(self) -> list[Cause]:
        """Causes that are worse than elsewhere beyond chance."""
        return [cause for cause in self.causes if cause.worse]


async def load(parts: Parts, reader: Principal, customer: str, to: str = "") -> One:
    """Measure what ``reader`` may see; raises NotFound for one without a contract in force on the day."""
    part = seen.customers(parts)
    day = part.books.day(read_day("to", to) if to else None)
    span = frame.span(Dates(day - DAY * 27, day), parts)
    detail, causes, crashes = await asyncio.gather(
        part.details.detail(customer, day),
        part.causes.of(customer, day),
        _crashes(parts, reader, customer, span),
    )
    if detail is None:
        raise NotFound("customer", f"{customer[:80]!r} has no contract in force on {day.isoformat()}")
    return One(detail=seen.detail(detail, reader), causes=causes, crashes=crashes)


async def _crashes(parts: Parts, reader: Principal, customer: str, span: Span) -> list[Group] | None:
    if not access.may(reader, "crashes"):
        return None
    found = await seen.impacts(parts).groups(Fault(customer=customer), span)
    return [seen.group(one, reader) for one in found[:GROUPS]]


def course(parts: Parts, one: One) -> list[Metric]:
    """The score and the active people by week, as charts draw them."""
    detail = one.detail
    span = frame.span(Dates(detail.course[0][0], detail.day), parts)
    weekly = [told for told in detail.course if told[0].isoweekday() == 7 or told[0] == detail.day]
    score = [Point(begin(day, parts.zone), value, 1, day == detail.day) for day, value, _, _ in weekly]
    active = [
        Point(begin(week.week, parts.zone), float(week.active), week.active, week.partial) for week in detail.weeks
    ]
    health, profile = detail.entry.health, detail.profile
    return [
        frame.metric(
            "score",
            "Health score",
            health.score,
            1,
            span,
            unit="points",
            goal=(profile.healthy, profile.watch, None),
            series=score,
            step=_WEEK_S,
        ),
        frame.metric(
            "active", "Active people by week", None, 1, span, unit="", decimals=0, series=active, step=_WEEK_S
        ),
    ]


@router.get("/customers/{customer:path}/{name}.{form}")
async def file(
    request: Request,
    reader: Annotated[Principal, Depends(signed_in)],
    customer: str,
    name: Literal["score", "timeline"],
    form: export.Form,
    to: str = "",
) -> Response:
    """The course of the score, or what happened, as a file."""
    navigation.require(reader, navigation.CUSTOMERS)
    parts = parts_of(request)
    one = await load(parts, reader, customer, to)
    make = sheets.course if name == "score" else sheets.timeline
    return await export.answer(request, make(one.detail, parts.config.timezone), form)


@router.get("/customers/{customer:path}")
async def page(
    request: Request, reader: Annotated[Principal, Depends(signed_in)], customer: str, to: str = ""
) -> Response:
    """One customer: why its score is what it is, what happened there, and what to do."""
    navigation.require(reader, navigation.CUSTOMERS)
    parts = parts_of(request)
    one = await load(parts, reader, customer, to)
    metrics = course(parts, one)
    span = Span(metrics[0].start, metrics[0].end)
    tools, alerts = await asyncio.gather(
        toolbar.around(request, reader, navigation.CUSTOMERS, "", span, Filters()),
        performance.active_alerts(parts, reader),
    )
    context = {
        "one": one,
        "detail": one.detail,
        "entry": one.detail.entry,
        "told": {told.component: told for told in one.detail.told},
        "shifts": {shift.component: shift for shift in one.detail.entry.change.shifts}
        if one.detail.entry.change
        else {},
        "happenings": happenings(one.detail.timeline, tools.marks),
        "metrics": metrics,
        "marks": tools.marks,
        "chart_data": frame.charted(parts, metrics, tools.marks),
        "money": seen.money(reader),
        "names": not access.why_no_names(reader),
        "currency": parts.config.business.currency,
        "words": words,
        "playbooks": parts.playbooks,
        "firing": performance.firing(alerts),
    }
    return render.page(request, "customers/customer.html", context, principal=reader)


def happenings(timeline: Sequence[Happening], marked: Sequence[Mark]) -> list[tuple[datetime, str, str, bool]]:
    """The timeline with what is marked on charts (releases, annotations), newest first: when, kind, text, bad."""
    told = [(one.at, str(one.kind), one.text, one.bad) for one in timeline]
    told += [(mark.at, "mark" if mark.id else "release", mark.text, False) for mark in marked]
    return sorted(told, reverse=True)


@machines.get("/customers/{customer:path}", response_model=model(One))
async def customer(
    request: Request,
    asker: Asker,
    customer: str,
    to: Annotated[str, Query(description="The day of the score; the last one that is over when left out.")] = "",
) -> Response:
    """One customer: parts with their evidence, course, success metrics, timeline, technical causes with p, advice."""
    navigation.require(asker, navigation.CUSTOMERS)
    return answer(request, await load(parts_of(request), asker, customer, to))
