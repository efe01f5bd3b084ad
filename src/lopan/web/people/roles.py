"""The Roles page: what each role does and how it fares, side by side, as far as the reader may see."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.audience import Audience
from lopan.analytics.metric import Group, Metric
from lopan.analytics.roles import GROUPS, Passed, RoleReport, RoleUse
from lopan.analytics.satisfaction import CSAT, MIN_ANSWERS
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, export, live, navigation, render
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.people import against, frame, role_course, sheets
from lopan.web.people.features import Courses
from lopan.web.people.query import DEFAULT, DayQuery, parse
from lopan.web.shape import model

MIN_SESSIONS = 30
MIN_BASE = 30
_OWN = ("drawn", against.FIELD)

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class Board(msgspec.Struct, frozen=True):
    """All that the page shows about one query."""

    query: DayQuery
    report: RoleReport
    satisfaction: Metric
    drawn: list[Metric] = []
    """The course of ``chosen``, with what it is compared with."""

    @property
    def chosen(self) -> RoleUse | None:
        """The role whose course is drawn: as asked, else the one with the most people."""
        wanted = self.query.own.get("drawn", "")
        found = next((role for role in self.roles if role.id == wanted), None)
        return found or max(self.roles, key=lambda role: role.people or 0, default=None)

    @property
    def roles(self) -> list[RoleUse]:
        """Every role, in the order of the report."""
        return self.report.roles

    @property
    def empty(self) -> bool:
        """True when no role was active."""
        return not any(self.active(role) for role in self.roles)

    @property
    def people(self) -> int:
        """The sum over roles; a person who acted in two is in both."""
        return sum(role.people or 0 for role in self.roles)

    @property
    def unhappiest(self) -> RoleUse | None:
        """The role with the lowest CSAT of those with enough answers, when it is in trouble."""
        judged = [
            role
            for role in self.roles
            if role.satisfaction is not None
            and role.satisfaction.score.enough
            and role.satisfaction.status in ("warning", "critical")
        ]
        return min(judged, key=lambda role: _score(role) or 0.0, default=None)

    @property
    def least_completed(self) -> tuple[RoleUse, Passed] | None:
        """Where a role completes a workflow less often than everybody, for certain, and by most."""
        held = [(role, one) for role in self.roles for one in role.workflows or [] if self.below(one)]
        return max(held, key=lambda pair: _gap(pair[1]), default=None)

    def active(self, role: RoleUse) -> bool:
        """Whether anything is known of it in the range."""
        return bool(role.people or (role.sessions and role.sessions.number) or role.workflows or role.features)

    def below(self, one: Passed) -> bool:
        """Whether the whole interval of the role's completion lies below everybody's."""
        high = one.split.first.high
        return one.split.enough and high is not None and one.everybody is not None and high < one.everybody

    def group(self, role: RoleUse) -> Group | None:
        """The role's CSAT as the marks draw it."""
        return next((group for group in self.satisfaction.groups if group.key == role.id), None)


def _score(role: RoleUse) -> float | None:
    return role.satisfaction.score.value if role.satisfaction else None


def _gap(one: Passed) -> float:
    return (one.everybody or 0.0) - (one.split.first.completion or 0.0)


def read(request: Request) -> DayQuery:
    """The query in the address; all roles are shown, so no filter narrows the people."""
    parts = parts_of(request)
    return _whole(parse(request.query_params, parts.clock.now(), parts.zone, (), _OWN))


def _whole(asked: DayQuery) -> DayQuery:
    axis, _ = asked.audience.axis
    if axis:
        raise Rejected(axis, "can't narrow the roles, which stand side by side; leave it out")
    against.read(asked)
    return asked


async def load(parts: Parts, principal: Principal, asked: DayQuery) -> Board:
    """Measure what ``principal`` may see."""
    seen = GROUPS & access.groups_of(principal)
    report = await frame.usage(parts).roles.report(asked.dates, asked.audience, seen)
    return Board(asked, report, _satisfaction(parts, report))


async def shown(parts: Parts, principal: Principal, asked: DayQuery) -> Board:
    """As ``load``, with the charts of the chosen role."""
    board = await load(parts, principal, asked)
    if board.chosen is None:
        return board
    drawn = await role_course.charts(parts, asked, board.chosen.id, board.report.groups)
    return msgspec.structs.replace(board, drawn=drawn)


def _satisfaction(parts: Parts, report: RoleReport) -> Metric:
    """CSAT of every role on one scale."""
    said = [(role.id, role.satisfaction) for role in report.roles if role.satisfaction is not None]
    return frame.metric(
        "csat",
        "CSAT",
        None,
        sum(one.score.n for _, one in said),
        frame.span(report.dates, parts),
        unit="",
        decimals=2,
        goal=CSAT,
        least=MIN_ANSWERS,
        groups=[
            Group(key, one.score.value, one.score.n, one.status, one.score.low, one.score.high) for key, one in said
        ],
    )


@router.get("/roles")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """What each role does and how it fares."""
    navigation.require(reader, navigation.ROLES)
    parts, asked = parts_of(request), read(request)
    board = await shown(parts, reader, asked)
    if board.chosen is not None and not asked.own["drawn"]:
        # What is drawn stays while the page is open, whoever is more by then.
        asked = msgspec.structs.replace(asked, own={**asked.own, "drawn": board.chosen.id})
    context = await frame.around(request, reader, navigation.ROLES, asked, axes=())
    context |= {"board": board, "others": {"role": [role.id for role in board.roles if board.active(role)]}}
    context["chart_data"] = frame.charted(parts, [] if board.empty else board.drawn, context["tools"].marks)
    return render.page(request, "people/roles.html", context, principal=reader)


@router.get("/roles/{name}.{form}")
async def file(
    request: Request, reader: Annotated[Principal, Depends(signed_in)], name: str, form: export.Form
) -> Response:
    """Every role, or its workflows, as far as the reader may see, as a file."""
    navigation.require(reader, navigation.ROLES)
    if name not in ("roles", "completion", "days"):
        raise NotFound("name", f"there is no table {name[:40]!r}; there are roles, completion and days")
    parts, asked = parts_of(request), read(request)
    if name == "days":
        board = await shown(parts, reader, asked)
        audience = Audience(project=asked.audience.project, role=board.chosen.id if board.chosen else "")
        found = sheets.course("roles-days", board.drawn, asked.dates, audience, parts.config.timezone)
        return await export.answer(request, found, form)
    board = await load(parts, reader, asked)
    table = sheets.completion(board.report) if name == "completion" else sheets.roles(board.report)
    return await export.answer(request, table, form)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: the whole table, as its figures belong together."""
    parts, drawing = parts_of(request), live.drawing(request, "people/role_parts.html")
    read(request)

    async def look(*, full: bool) -> Shown:
        measure = shown if full else load
        board = await measure(parts, principal, read(request))
        drawn = {"verdict": drawing("verdict", board), "table": drawing("table", board)}
        if board.people:
            drawn["shares"] = drawing("shares", board)
        if not board.empty:
            drawn["full"] = "yes"
        if full:
            drawn |= frame.versus(request, board.drawn) | {"days": drawing("days", board)}
        series = {one.id: one.series for one in board.drawn}
        return Shown(drawn, series, {one.id: one for one in board.drawn})

    return look


@machines.get("/roles", response_model=model(RoleReport))
async def roles(
    request: Request,
    asker: Asker,
    days: Annotated[str, Query(description="The range: so many days that end today, or with `to`.")] = DEFAULT,
    since: Annotated[str, Query(alias="from", description="The first day, instead of `days`.")] = "",
    to: Annotated[str, Query(description="The last day, included; today when left out.")] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
) -> Response:
    """Every role with the parts that you may see: people, sessions, features, workflows, satisfaction, churn."""
    navigation.require(asker, navigation.ROLES)
    parts = parts_of(request)
    given = {"days": days, "from": since, "to": to, "project": project}
    asked = parse(given, parts.clock.now(), parts.zone, ())
    return answer(request, (await load(parts, asker, asked)).report)


@machines.get("/roles/days", response_model=model(Courses))
async def days(
    request: Request,
    asker: Asker,
    days: Annotated[str, Query(description="The range: so many days that end today, or with `to`.")] = DEFAULT,
    since: Annotated[str, Query(alias="from", description="The first day, instead of `days`.")] = "",
    to: Annotated[str, Query(description="The last day, included; today when left out.")] = "",
    drawn: Annotated[str, Query(description="The role; left out = the one with the most people.")] = "",
    compare: Annotated[str, Query(description=against.DESCRIPTION)] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
) -> Response:
    """Active users, mean session and completion of one role by day, and what they are compared with."""
    navigation.require(asker, navigation.ROLES)
    board = await shown(parts_of(request), asker, read(request))
    return answer(request, Courses(board.drawn))
