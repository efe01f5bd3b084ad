"""The Engagement page: how many use the app, how often and for how long, who is new, comes back or leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates, begin, monday
from lopan.analytics.engagement import DEFINITIONS, MONTH, WEEK, PeopleDay, PeopleGroup, Week, weeks
from lopan.analytics.intervals import Interval, wilson
from lopan.analytics.metric import Metric, Point
from lopan.analytics.sessions import SessionDay, SessionFigures, SessionReport
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, api, export, navigation, render, shape
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.people import bars, cards, frame, query
from lopan.web.people.cards import NOTHING, Count
from lopan.web.people.query import DayQuery

Reader = Annotated[Principal, Depends(signed_in)]
USE, GROWTH, CHURN = "userEngagement", "userGrowth", "retentionRates"
KINDS: Final = {"returning": "Returning", "resurrected": "Resurrected", "fresh": "New", "dormant": "Dormant"}
"""Growth accounting, from the axis outwards; the last one points down."""
PERS: Final = {"day": "Day", "week": "Week"}
ROWS: Final = 12
_WINDOWS = {"dau": WEEK, "wau": WEEK, "mau": MONTH, "stickiness": MONTH}
"""Figures of the windows that end with a day, and how many days earlier is the day to compare with."""
_BEFORE = MONTH + WEEK
_BY_DAY_UP_TO = 35

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A day or ISO week from ``begin`` on: people a day, on average over its ``days`` that are over.

    ``partial``: the day, or one of the seven, is missing or still going on.
    """

    begin: date
    days: int
    partial: bool
    fresh: float = msgspec.field(name="new")
    returning: float
    resurrected: float
    dormant: float


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the axis: people of the windows that end with the last complete day, sessions of the range.

    ``churn`` with its 95 % bounds in 0-1, None where your level does not include it; durations in seconds.
    """

    key: str
    dau: int
    wau: int
    mau: int
    stickiness: float | None
    churn: float | None
    churn_low: float | None
    churn_high: float | None
    churn_n: int | None
    sessions: SessionFigures | None


class UseDay(msgspec.Struct, frozen=True, kw_only=True):
    """People of one local day and of the 7 and 28 days that end with it; ``stickiness`` in 0-1."""

    day: date
    dau: int
    wau: int
    mau: int
    stickiness: float | None
    partial: bool


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows; null = your access level does not include it. ``late``: days that still miss late events."""

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


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows about one query; what the reader may not see is empty."""

    query: DayQuery
    uses: bool
    grows: bool
    churns: bool
    days: list[PeopleDay]
    known: dict[date, PeopleDay]
    weeks: list[Week]
    metrics: list[Metric]
    sessions: SessionReport | None
    groups: list[GroupRow]
    late: list[date]

    @property
    def empty(self) -> bool:
        """True when nobody was there in the range."""
        return not any(day.dau for day in self.days)

    @property
    def today(self) -> PeopleDay | None:
        """The day that is still going on, if the range has it."""
        return self.days[-1] if self.days and self.days[-1].partial else None

    @property
    def complete(self) -> PeopleDay | None:
        """The last day that is over; it may be the one before the range."""
        return next((self.known[day] for day in sorted(self.known, reverse=True) if not self.known[day].partial), None)

    @property
    def per(self) -> str:
        """Day or week: as asked, else as many bars as can be read."""
        return self.query.own.get("per") or ("day" if len(self.days) <= _BY_DAY_UP_TO else "week")

    def cards(self) -> list[Metric]:
        """Those of the figures that stand on cards."""
        return [metric for metric in self.metrics if metric.id not in ("sessions", "session_median")]

    def charts(self) -> list[Metric]:
        """Those whose course is drawn."""
        return [metric for metric in self.metrics if metric.id not in ("dau_growth_wow", "session_duration")]

    def before(self, metric: Metric) -> date | None:
        """The day with which a card compares, None for a figure that is not of one day."""
        back = _WINDOWS.get(metric.id)
        return self.complete.day - DAY * back if back and self.complete else None

    def lifecycle(self) -> list[Period]:
        """Growth accounting by day or week."""
        begins: dict[date, list[PeopleDay]] = {}
        for day in self.days:
            begins.setdefault(monday(day.day) if self.per == "week" else day.day, []).append(day)
        return [_period(first, days, self.per) for first, days in begins.items()]

    def stacks(self) -> dict[str, bars.Stack]:
        """The same as bars: everybody who was there, and on a scale of its own who came and went."""
        periods = self.lifecycle()
        return {
            "Daily active users": bars.stack(
                [_column(one, ("returning", "resurrected", "fresh"), ()) for one in periods], 150
            ),
            "Came and went, larger": bars.stack(
                [_column(one, ("resurrected", "fresh"), ("dormant",)) for one in periods], 110
            ),
        }

    def files(self, metric: Metric) -> dict[str, str]:
        """Where the course of a chart is as a file."""
        table = "sessions" if metric.id in ("sessions", "session_median") else "days"
        kinds = {"CSV": "csv", "Parquet": "parquet"}
        return {title: f"/engagement/{table}.{kind}?{self.query.address()}" for title, kind in kinds.items()}

    def session_of(self, day: date) -> SessionFigures | None:
        """Sessions that began on a day of the range."""
        found = next((one for one in self.sessions.days if one.day == day), None) if self.sessions else None
        return found.figures if found else None


def read(request: Request) -> DayQuery:
    """The query in the address; raises Rejected."""
    parts = parts_of(request)
    asked = query.parse(request.query_params, parts.clock.now(), parts.zone, own=("per",))
    if asked.own["per"] not in ("", *PERS):
        raise Rejected("per", f"can be {', '.join(PERS)}, not {asked.own['per'][:20]!r}")
    return asked


async def load(parts: Parts, principal: Principal, asked: DayQuery, *, compare: bool = True) -> Board:
    """Count what ``principal`` may see; ``compare`` asks for the groups, too."""
    uses, grows, churns = (access.may(principal, group) for group in (USE, GROWTH, CHURN))
    people = frame.people(parts)
    wide = Dates(monday(asked.dates.first) - DAY * _BEFORE, asked.dates.last)
    then = Dates(asked.dates.first - DAY * len(asked.dates), asked.dates.first - DAY)
    split = compare and uses and not asked.audience.axis[0]
    (found, late), now, before = await asyncio.gather(
        people.engagement.days(wide, asked.audience),
        _sessions(parts, asked.dates, asked, split) if uses else _nothing(),
        _sessions(parts, then, asked, False) if uses else _nothing(),
    )
    known = {day.day: day for day in found}
    drawn = [day for day in found if day.day >= asked.dates.first]
    by_week = [week for week in weeks(found) if week.monday >= monday(asked.dates.first)]
    board = Board(
        query=asked,
        uses=uses,
        grows=grows,
        churns=churns,
        days=drawn,
        known=known,
        weeks=by_week if grows else [],
        metrics=[],
        sessions=now,
        groups=[],
        late=late,
    )
    groups: list[GroupRow] = []
    if split and board.complete:
        counted = await people.engagement.groups(asked.by, board.complete.day, asked.audience)
        groups = _rows(counted, now, churns=churns)
    metrics = _figures(parts, board, now, before, weeks(found))
    return msgspec.structs.replace(board, metrics=metrics, groups=groups)


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
    return await export.answer(request, _sheet(board, name, parts.config.timezone), form)


@machines.get("/engagement", response_model=shape.model(Answer))
async def answer(
    request: Request,
    asker: Reader,
    days: Annotated[str, Parameter(description="So many days that end today, or with `to`.")] = query.DEFAULT,
    since: Annotated[str, Parameter(alias="from", description="The first day, instead of `days`: 2026-11-22.")] = "",
    until: Annotated[str, Parameter(alias="to", description="The last day, included.")] = "",
    by: Annotated[str, Parameter(description="role, release or customer: what `groups` are.")] = "",
    per: Annotated[str, Parameter(description="day or week: what `lifecycle` counts by.")] = "",
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
        drawn |= {"verdict": drawing("verdict", board), "lifecycle": drawing("lifecycle", board)}
        if board.weeks:
            drawn["weeks"] = drawing("week_table", board)
        if board.groups:
            drawn["compare"] = drawing("comparison", board)
        if board.empty:
            return Shown(drawn)
        seen = board.charts() if board.uses else []
        return Shown(
            drawn, {**cards.somebody(board.query.dates, parts.zone), **{metric.id: metric.series for metric in seen}}
        )

    return look


async def _nothing() -> None:
    return None


async def _sessions(parts: Parts, dates: Dates, asked: DayQuery, split: bool) -> SessionReport | None:
    return await frame.people(parts).sessions.report(dates, asked.audience, asked.by if split else "")


def _figures(
    parts: Parts, board: Board, now: SessionReport | None, before: SessionReport | None, by_week: Sequence[Week]
) -> list[Metric]:
    kpis, span, at = parts.catalog.kpis, frame.span(board.query.dates, parts), board.complete
    found: list[Metric] = []
    if board.uses:
        for name, back in _WINDOWS.items():
            ahead = board.known.get(at.day - DAY * back) if at else None
            series = [Point(begin(day.day, parts.zone), *_point(name, day), day.partial) for day in board.days]
            found.append(cards.metric(kpis[name], _window(name, at), _window(name, ahead), span, series))
    if board.grows:
        whole = [week for week in by_week if not week.partial]
        series = [Point(begin(week.monday, parts.zone), _percent(week.growth), week.days) for week in whole]
        found.append(cards.metric(kpis["dau_growth_wow"], *_growth(whole), span, series))
    if now and before:
        taken = [
            (begin(day.day, parts.zone), day.figures, day.partial and not _over(board, day.day)) for day in now.days
        ]
        means = [Point(t, _minutes(one.mean), one.number, going) for t, one, going in taken]
        found.append(cards.metric(kpis["session_duration"], _duration(now), _duration(before), span, means))
        numbers = [Point(t, float(one.number), one.number, going) for t, one, going in taken]
        medians = [Point(t, _minutes(one.median), one.number, going) for t, one, going in taken]
        course = partial(frame.metric, value=None, n=now.whole.number, span=span)
        found.append(course("sessions", "Sessions", unit="count", decimals=0, series=numbers))
        found.append(course("session_median", "Session duration, median", unit="min", series=medians))
    return found


def _over(board: Board, day: date) -> bool:
    """A session of a day that is over may go on; what it adds is little, so that only today is drawn as filling."""
    return board.today is None or day != board.today.day


def _point(name: str, day: PeopleDay) -> tuple[float | None, int]:
    if name == "stickiness":
        return _percent(day.stickiness), day.mau
    people: int = getattr(day, name)
    return float(people), people


def _window(name: str, day: PeopleDay | None) -> Count:
    if day is None:
        return NOTHING
    if name == "stickiness":
        return Count((day.stickiness or 0.0) * day.mau, day.mau, day.mau)
    people: int = getattr(day, name)
    return Count(people, 1, people)


def _growth(whole: Sequence[Week]) -> tuple[Count, Count]:
    """The last complete week against the one before, and that one against its own."""
    last = [*([None] * 2), *whole][-2:]
    counts = [
        NOTHING if week is None or week.growth is None else Count(week.growth, 1, round(week.mean * week.days))
        for week in last
    ]
    return counts[1], counts[0]


def _duration(report: SessionReport) -> Count:
    figures = report.whole
    return Count((figures.mean or 0.0) * figures.number * 1_000, figures.number, figures.number)


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _period(first: date, days: Sequence[PeopleDay], per: str) -> Period:
    whole = [day for day in days if not day.partial] or days
    means = {kind: sum(getattr(day, kind) for day in whole) / len(whole) for kind in KINDS}
    partial_ = any(day.partial for day in days) or (per == "week" and len(days) < WEEK)
    return Period(begin=first, days=len(whole), partial=partial_, **means)


def _column(period: Period, above: Sequence[str], below: Sequence[str]) -> bars.Column:
    up, down = ({kind: getattr(period, kind) for kind in kinds} for kinds in (above, below))
    return bars.Column(f"{period.begin.day} {period.begin:%b}", up, down, period.partial)


def _rows(groups: Sequence[PeopleGroup], sessions: SessionReport | None, *, churns: bool) -> list[GroupRow]:
    durations = {group.key: group.figures for group in sessions.groups} if sessions else {}
    return [_row(group, durations.get(group.key), churns=churns) for group in groups]


def _row(group: PeopleGroup, sessions: SessionFigures | None, *, churns: bool) -> GroupRow:
    bound: Interval | None = wilson(group.churned, group.base) if churns else None
    return GroupRow(
        key=group.key,
        dau=group.dau,
        wau=group.wau,
        mau=group.mau,
        stickiness=group.stickiness,
        churn=group.churn if churns else None,
        churn_low=bound.low if bound else None,
        churn_high=bound.high if bound else None,
        churn_n=group.base if churns else None,
        sessions=sessions,
    )


def _answer(board: Board, zone: str) -> Answer:
    hidden = set() if board.churns else {"churn"}
    hidden |= set() if board.grows else {"growth"}
    return Answer(
        dates=board.query.dates,
        zone=zone,
        audience=board.query.audience,
        by=board.query.by,
        complete=board.complete.day if board.complete else None,
        days=[_use(day) for day in board.days] if board.uses else None,
        lifecycle=board.lifecycle(),
        weeks=board.weeks if board.grows else None,
        sessions=board.sessions.whole if board.sessions else None,
        session_days=board.sessions.days if board.sessions else None,
        benchmark_s=board.sessions.benchmark if board.sessions else 0.0,
        groups=board.groups if board.uses else None,
        late=board.late,
        definitions={name: text for name, text in DEFINITIONS.items() if name not in hidden},
    )


def _use(day: PeopleDay) -> UseDay:
    return UseDay(**{name: getattr(day, name) for name in UseDay.__struct_fields__})


_PEOPLE: Mapping[str, export.Kind] = {"dau": "count", "wau": "count", "mau": "count", "stickiness": "number"}
_SESSIONS: Mapping[str, export.Kind] = {
    "number": "count",
    "singles": "count",
    "mean": "number",
    "median": "number",
    "mean_without": "number",
    "median_without": "number",
}


def _sheet(board: Board, name: str, zone: str) -> export.Sheet:
    """Every row says what it is: the audience and the zone; shares in 0-1, durations in seconds."""
    whose: dict[str, export.Kind] = {"audience": "text", "time_zone": "text"}
    told = [board.query.audience.words, zone]
    kinds, rows = _content(board, name)
    return export.sheet(f"engagement-{name}", zone, {**whose, **kinds}, [[*told, *row] for row in rows])


def _content(board: Board, name: str) -> tuple[dict[str, export.Kind], list[list[export.Cell]]]:
    if name == "days":
        fields: dict[str, export.Kind] = {"day": "text", **_PEOPLE, "partial": "flag"}
        return fields, [_cells(_use(day), fields) for day in board.days]
    if name == "lifecycle":
        fields = {"begin": "text", "days": "count", "partial": "flag", **dict.fromkeys(KINDS, "number")}
        return fields, [_cells(period, fields) for period in board.lifecycle()]
    if name == "weeks":
        fields = {"monday": "text", "mean": "number", "days": "count", "partial": "flag", "growth": "number"}
        return fields, [_cells(week, fields) for week in board.weeks]
    if name == "sessions":
        days = board.sessions.days if board.sessions else []
        rows = [[str(day.day), *_cells(day.figures, _SESSIONS), day.partial] for day in days]
        return {"day": "text", **_SESSIONS, "partial": "flag"}, rows
    churn: dict[str, export.Kind] = {
        "churn": "number",
        "churn_low": "number",
        "churn_high": "number",
        "churn_n": "count",
    }
    kinds: dict[str, export.Kind] = {"key": "text", **_PEOPLE, **(churn if board.churns else {})}
    titled: dict[str, export.Kind] = {"by": "text", **kinds, **{f"sessions_{k}": kind for k, kind in _SESSIONS.items()}}
    blank: list[export.Cell] = [None] * len(_SESSIONS)
    return titled, [
        [board.query.by, *_cells(row, kinds), *(_cells(row.sessions, _SESSIONS) if row.sessions else blank)]
        for row in board.groups
    ]


def _cells(row: Any, fields: Mapping[str, export.Kind]) -> list[export.Cell]:
    values = (getattr(row, name) for name in fields)
    return [value.isoformat() if isinstance(value, date) else value for value in values]
