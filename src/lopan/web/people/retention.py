"""The Retention page: how many come back, after how long, and which cohorts and groups differ."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated, Final, Literal, cast

import msgspec
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates, begin, monday
from lopan.analytics.cohorts import METHODS, STEPS, Method
from lopan.analytics.intervals import z_shares
from lopan.analytics.metric import Metric, Point, Verdict
from lopan.analytics.retention import RateGroup, Returns, Step
from lopan.analytics.triangle import Triangle, Unit
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import api, export, navigation, render, shape
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.optional import nothing
from lopan.web.parts import Parts, parts_of
from lopan.web.people import against, cards, frame, query, retention_sheets
from lopan.web.people.cards import Count
from lopan.web.people.curve import Curve, curve
from lopan.web.people.query import DayQuery

Reader = Annotated[Principal, Depends(signed_in)]
TITLES: Final[dict[Method, str]] = {
    "bracket": "Bracket",
    "exact": "Exact day",
    "rolling": "24 hours",
    "after": "On or after",
}
UNITS: Final[dict[Unit, str]] = {"week": "Week", "month": "Month"}
ROWS: Final = 12
LEAST: Final = 30
"""People behind a share, below which it is greyed."""
HEAT: Final = (0.2, 0.4, 0.6, 0.8)
"""Where one class of intensity ends and the next begins."""
_BRACKETS = (1, 7, 14, 21, 30, 37, 45, 60, 75, 90)
_DAYS = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 75, 90)
_SMOOTH = 7
_COHORTS: dict[Unit, timedelta] = {"week": timedelta(weeks=11), "month": timedelta(days=5 * 30)}

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The share at ``step`` minus that of the other side, in 0-1; ``p`` is None below LEAST people on a side."""

    step: int
    difference: float | None
    p: float | None
    verdict: Verdict


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of the same steps, and by how much they differ at D1, D7, D30 and D90."""

    label: str
    dates: Dates
    audience: Audience
    steps: list[Step]
    differences: list[Difference]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows: ``steps`` of the cohorts whose return fell due in ``dates``, all shares in 0-1.

    ``compared`` is null when nothing was asked for in ``compare``.
    """

    dates: Dates
    zone: str
    audience: Audience
    method: Method
    by: str
    definition: str
    steps: list[Step]
    groups: list[RateGroup]
    triangle: Triangle
    compared: Compared | None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows about one query; ``groups`` is empty when it was not asked for."""

    query: DayQuery
    returns: Returns | None
    triangle: Triangle
    metrics: list[Metric]
    groups: list[RateGroup]
    other: Returns | None = None
    label: str = ""
    """What ``other`` is, as a legend says it."""

    @property
    def method(self) -> Method:
        """As asked, else the one that is alerted on."""
        return _method(self.query)

    @property
    def unit(self) -> Unit:
        """Week or month, by which cohorts are made."""
        return _unit(self.query)

    @property
    def empty(self) -> bool:
        """True when nobody is new in any cohort that is shown, and nobody's return was due."""
        return not any(row.size for row in self.triangle.rows) and not any(one.rate.cohort for one in self.steps())

    @property
    def columns(self) -> int:
        """How many periods after their own the oldest cohort has had."""
        return max((len(row.cells) for row in self.triangle.rows), default=1) - 1

    def curve(self) -> Curve:
        """The curve over all steps."""
        targets = [metric.target for metric in self.metrics if metric.target is not None]
        return curve(self.steps(), LEAST, targets[0] / 100 if targets else None, self.others())

    def others(self) -> list[Step]:
        """The steps of the other side, in the same order; empty without a comparison."""
        return self.other.steps if self.other else []

    def pairs(self) -> list[tuple[Step, Step | None]]:
        """Every step with that of the other side."""
        others: list[Step | None] = [*self.others()]
        return list(zip(self.steps(), others or [None] * len(self.steps()), strict=True))

    def compared(self) -> Compared | None:
        """The comparison as the API gives it."""
        if self.other is None:
            return None
        return Compared(
            label=self.label,
            dates=self.other.dates,
            audience=self.other.audience,
            steps=self.other.steps,
            differences=[_difference(metric) for metric in self.metrics],
        )

    def steps(self) -> list[Step]:
        """Every step, those between the cards too."""
        return self.returns.steps if self.returns else []


def read(request: Request) -> DayQuery:
    """The query in the address; raises Rejected."""
    parts = parts_of(request)
    asked = query.parse(request.query_params, parts.clock.now(), parts.zone, own=("method", "unit", against.FIELD))
    for name, known in (("method", METHODS), ("unit", UNITS)):
        if asked.own[name] and asked.own[name] not in known:
            raise Rejected(name, f"can be {', '.join(known)}, not {asked.own[name][:20]!r}")
    against.read(asked)
    return asked


async def load(parts: Parts, asked: DayQuery, *, steps: bool = True, compare: bool = True) -> Board:
    """Measure; ``steps`` and ``compare`` ask for what does not change while a day goes on."""
    other = against.read(asked)
    found, counted, laid, groups = await asyncio.gather(
        _triangle(parts, asked),
        _returns(parts, asked, asked.dates, asked.audience) if steps else nothing(),
        _returns(parts, asked, other.dates, other.audience) if steps and other else nothing(),
        _groups(parts, asked) if compare and not asked.audience.axis[0] else nothing(),
    )
    board = Board(
        query=asked,
        returns=counted,
        triangle=found,
        metrics=[],
        groups=groups or [],
        other=laid,
        label=other.label if other else "",
    )
    metrics = [_laid(parts, board, *pair) for pair in board.pairs() if pair[0].rate.step in STEPS]
    return msgspec.structs.replace(board, metrics=metrics)


@router.get("/retention")
async def page(request: Request, reader: Reader) -> Response:
    """Who comes back, by several methods: figures, curve, cohorts by week and month, groups."""
    principal = navigation.require(reader, navigation.RETENTION)
    parts, asked = parts_of(request), read(request)
    board, around = await asyncio.gather(
        load(parts, asked), frame.around(request, principal, navigation.RETENTION, asked)
    )
    context = {**around, **_words(board), "board": board}
    return render.page(request, "people/retention.html", context, principal=principal)


@router.get("/retention/{name}.{form}")
async def table(
    request: Request, reader: Reader, name: Literal["steps", "due", "cohorts", "groups"], form: export.Form
) -> Response:
    """One table of the page as a file, all of its rows."""
    navigation.require(reader, navigation.RETENTION)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, asked)
    named = {"this": board.returns, board.label: board.other}
    sides = [(label, side) for label, side in named.items() if side is not None]
    made = retention_sheets.sheet(name, sides, board.triangle, board.groups, asked)
    return await export.answer(request, made, form)


@machines.get("/retention", response_model=shape.model(Answer))
async def answer(
    request: Request,
    asker: Reader,
    days: Annotated[str, Parameter(description="So many days that end today, or with `to`.")] = query.DEFAULT,
    since: Annotated[str, Parameter(alias="from", description="The first day, instead of `days`: 2026-11-22.")] = "",
    until: Annotated[str, Parameter(alias="to", description="The last day, included.")] = "",
    method: Annotated[str, Parameter(description="bracket, exact, rolling or after.")] = "",
    unit: Annotated[str, Parameter(description="week or month: what cohorts of the triangle are.")] = "",
    by: Annotated[str, Parameter(description="role, release or customer: what `groups` are.")] = "",
    compare: Annotated[str, Parameter(description=against.DESCRIPTION)] = "",
    role: Annotated[str, Parameter(description="Only this role; at most one of the three.")] = "",
    release: Annotated[str, Parameter(description="Only this release.")] = "",
    customer: Annotated[str, Parameter(description="Only this customer.")] = "",
    project: Annotated[str, Parameter(description="Only the project of this number.")] = "",
) -> Response:
    """Retention by step and day, the cohort triangle and groups: all that the page Retention shows."""
    navigation.require(asker, navigation.RETENTION)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, asked)
    found = Answer(
        dates=asked.dates,
        zone=parts.config.timezone,
        audience=asked.audience,
        method=board.method,
        by=asked.by,
        definition=board.returns.definition if board.returns else "",
        steps=board.steps(),
        groups=board.groups,
        triangle=board.triangle,
        compared=board.compared(),
    )
    return api.answer(request, found)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: cohorts at once, for today is part of them; what waits for a day to be over now and then."""
    parts, drawing = parts_of(request), partial(render.fragment, request, "people/retention_parts.html")
    read(request)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, read(request), steps=full, compare=False)
        if board.empty:
            return Shown({})
        drawn = {"cohorts": drawing("cohorts", board, HEAT)}
        drawn["late"] = render.fragment(request, "people/parts.html", "late", board.triangle.late)
        if full:
            drawn |= {f"card-{metric.id}": drawing("card", board, metric) for metric in board.metrics}
            drawn |= {"curve": drawing("curve", board), "verdict": drawing("verdict", board)}
        return Shown(drawn, cards.somebody(board.query.dates, parts.zone))

    return look


def _method(asked: DayQuery) -> Method:
    return cast(Method, asked.own["method"] or "bracket")


def _unit(asked: DayQuery) -> Unit:
    return cast(Unit, asked.own["unit"] or "week")


async def _returns(parts: Parts, asked: DayQuery, dates: Dates, audience: Audience) -> Returns:
    method = _method(asked)
    steps = _BRACKETS if method == "bracket" else _DAYS
    return await frame.people(parts).retention.returns(dates, audience, method, steps)


async def _triangle(parts: Parts, asked: DayQuery) -> Triangle:
    """At least twelve weeks or six months of cohorts, but none from before the first event."""
    people, unit, last = frame.people(parts), _unit(asked), asked.dates.last
    back = monday(last) - _COHORTS[unit] if unit == "week" else (last.replace(day=15) - _COHORTS[unit]).replace(day=1)
    earliest = await people.days.first() or asked.dates.first
    first = max(min(asked.dates.first, back), min(earliest, last))
    return await people.retention.triangle(Dates(first, last), unit, asked.audience)


async def _groups(parts: Parts, asked: DayQuery) -> list[RateGroup]:
    return await frame.people(parts).retention.groups(asked.dates, asked.by, asked.audience, _method(asked))


def _laid(parts: Parts, board: Board, step: Step, other: Step | None) -> Metric:
    """The figure of a step with that of the other side; the cohorts of the two are taken as separate people."""
    this = _metric(parts, board.query, board.query.dates, step)
    if board.other is None or other is None:
        return this
    one, two = step.rate, other.rate
    z = z_shares(one.back, one.cohort, two.back, two.cohort)
    return against.laid(parts, this, _metric(parts, board.query, board.other.dates, other), board.label, z)


def _difference(metric: Metric) -> Difference:
    kept, versus = metric.id.removeprefix("retention_d"), metric.versus
    found = versus.difference if versus else None
    return Difference(
        step=int(kept),
        difference=None if found is None else found / 100,
        p=versus.p if versus else None,
        verdict=versus.verdict if versus else "unknown",
    )


def _metric(parts: Parts, asked: DayQuery, dates: Dates, step: Step) -> Metric:
    kpi = parts.catalog.kpis[f"retention_d{step.rate.step}"]
    now, then = (Count(rate.back, rate.cohort, rate.cohort) for rate in (step.rate, step.before))
    found = cards.metric(kpi, now, then, frame.span(dates, parts), _course(parts, kpi.scale, step))
    if _method(asked) == "bracket":
        return found
    # Targets are for the method that is alerted on.
    return msgspec.structs.replace(found, target=None, warning=None, critical=None, status="meeting")


def _course(parts: Parts, scale: float, step: Step) -> list[Point]:
    """By day of return, each with the six days before it: a single day has a handful of people."""
    points = []
    for index, day in enumerate(step.days):
        near = step.days[max(0, index - _SMOOTH + 1) : index + 1]
        cohort, back = sum(one.cohort for one in near), sum(one.back for one in near)
        points.append(Point(begin(day.day, parts.zone), scale * back / cohort if cohort else None, cohort))
    return points


def _words(board: Board) -> dict[str, object]:
    told = METHODS[board.method]
    return {"methods": TITLES, "told": told[0].upper() + told[1:], "units": UNITS, "heat_edges": HEAT, "rows": ROWS}
