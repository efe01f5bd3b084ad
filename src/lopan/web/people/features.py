"""The Features page: core adoption against its target, the heatmap by role, and who tried a feature but left it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.accounts import AccountsAdopted
from lopan.analytics.features import DAYS, INTENSITIES, Adopted, Adoption, FeatureUse, Intensity
from lopan.analytics.metric import Metric, Status
from lopan.analytics.status import Goal, status
from lopan.catalog.product import CORE_TARGET
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, export, live, navigation, render
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.optional import nothing
from lopan.web.parts import Parts, parts_of
from lopan.web.people import against, feature_course, frame, sheets
from lopan.web.people.query import DayQuery, parse
from lopan.web.shape import model

SORTS: Final = {"adoption": "Adoption", "change": "Change", "retained": "Came back", "name": "Feature"}
COLUMNS: Final = 8
"""Roles that the heatmap shows at most, the defined ones first."""
_GROUP: Final = "featureAdoption"
Last = Annotated[str, Query(description="The last of the 28 days, a date; today when left out.")]
Role = Annotated[str, Query(description="Only people in this role.")]
Release = Annotated[str, Query(description="Only people with this release.")]
Customer = Annotated[str, Query(description="Only people of this customer.")]
Project = Annotated[str, Query(description="Only the project of this number.")]
_OWN: Final = ("sort", "feature", "of", against.FIELD)
OF: Final = {"users": "Users", "accounts": "Accounts"}

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class Board(msgspec.Struct, frozen=True):
    """All that the page shows about one query; ``chosen`` is the feature told in detail."""

    query: DayQuery
    adopted: Adopted
    listed: list[FeatureUse]
    chosen: FeatureUse | None
    accounts: AccountsAdopted | None = None
    """Adoption by account, None where users are asked for."""
    drawn: list[Metric] = []
    legend: tuple[Intensity, ...] = INTENSITIES

    @property
    def empty(self) -> bool:
        """True when nobody was active in the 28 days."""
        return not any(feature.overall.people for feature in self.adopted.features)

    @property
    def people(self) -> int:
        """Active people, as far as any feature is for all of them."""
        return max((feature.overall.people for feature in self.adopted.features), default=0)

    @property
    def roles(self) -> list[tuple[str, str]]:
        """The columns of the heatmap, with those left out counted in ``more``."""
        return self.adopted.roles[:COLUMNS]

    @property
    def more(self) -> int:
        """Roles that the heatmap leaves out."""
        return len(self.adopted.roles) - len(self.roles)

    @property
    def core(self) -> list[FeatureUse]:
        """Core features with a figure, the least adopted first."""
        held = [one for one in self.adopted.features if one.core and one.overall.value is not None]
        return sorted(held, key=lambda one: one.overall.value or 0.0)

    @property
    def core_status(self) -> Status:
        """Mean core adoption against its target."""
        return status(Goal(target=CORE_TARGET), self.adopted.core)

    @property
    def core_change(self) -> float | None:
        """Percentage points: the mean core adoption of the last 28 complete days against a week before."""
        changes = [one.overall.change for one in self.core]
        held = [change for change in changes if change is not None]
        return sum(held) / len(held) if held and len(held) == len(changes) else None

    @property
    def of(self) -> str:
        """Whether users or accounts are listed."""
        return "accounts" if self.accounts else "users"

    @property
    def missing(self) -> list[FeatureUse]:
        """Features below their target, the furthest below first."""
        below = [one for one in self.adopted.features if one.target and one.overall.status == "below target"]
        return sorted(below, key=lambda one: (one.overall.value or 0.0) - (one.target or 0.0))

    @property
    def risen(self) -> FeatureUse | None:
        """What rose most among what rose for certain."""
        return max(self._moved("improving"), key=_change, default=None)

    @property
    def fallen(self) -> FeatureUse | None:
        """What fell most among what fell for certain."""
        return min(self._moved("worsening"), key=_change, default=None)

    @property
    def structure(self) -> str:
        """Changes when the heatmap gets another row or column, not when a figure moves."""
        return repr(([one.id for one in self.adopted.features], self.roles))

    def cell(self, feature: FeatureUse, role: str) -> Adoption | None:
        """The tile of ``feature`` for ``role``, '' = overall; None = that role isn't entitled, or was not there."""
        if not role:
            return feature.overall
        return next((one for one in feature.roles if one.role == role), None)

    def title(self, role: str) -> str:
        """A role as people call it."""
        return dict(self.adopted.roles).get(role, role) or "No role"

    def _moved(self, trend: str) -> list[FeatureUse]:
        return [one for one in self.adopted.features if one.overall.trend == trend]


class Courses(msgspec.Struct, frozen=True):
    """The charts of a page, each with its series and what it is compared with."""

    figures: list[Metric]


def _change(feature: FeatureUse) -> float:
    return feature.overall.change or 0.0


def read(request: Request) -> DayQuery:
    """The query in the address: the 28 days up to ``to``, or today."""
    parts = parts_of(request)
    asked = parse({**request.query_params, "days": str(DAYS)}, parts.clock.now(), parts.zone, (), _OWN)
    if asked.own["sort"] not in ("", *SORTS):
        raise Rejected("sort", f"can be {', '.join(SORTS)}, not {asked.own['sort'][:20]!r}")
    if asked.own["of"] not in ("", *OF):
        raise Rejected("of", f"can be {', '.join(OF)}, not {asked.own['of'][:20]!r}")
    against.read(asked)
    return asked


async def load(parts: Parts, asked: DayQuery) -> Board:
    """Measure; without a choice the feature that moved most is told in detail."""
    adopted = await frame.usage(parts).features.adoption(asked.dates.last, asked.audience)
    listed = _sorted(adopted.features, asked.own.get("sort", ""))
    wanted = asked.own.get("feature", "")
    chosen = next((one for one in adopted.features if one.id == wanted), None)
    if chosen is None and listed:
        chosen = max(listed, key=lambda one: abs(_change(one)) if one.overall.enough else -1.0)
    return Board(asked, adopted, listed, chosen)


async def shown(parts: Parts, asked: DayQuery) -> Board:
    """As ``load``, with the charts, and with accounts when they are asked for."""
    board = await load(parts, asked)
    drawn, accounts = await asyncio.gather(
        feature_course.charts(parts, asked, board.chosen),
        by_account(parts, board) if asked.own["of"] == "accounts" else nothing(),
    )
    return msgspec.structs.replace(board, drawn=drawn, accounts=accounts)


async def by_account(parts: Parts, board: Board) -> AccountsAdopted:
    """Adoption by account of the same features, in the order of the board."""
    others = [one.id for one in board.listed if not one.defined]
    found = await frame.usage(parts).accounts.adoption(board.adopted.dates.last, board.query.audience, others)
    order = {one.id: index for index, one in enumerate(board.listed)}
    listed = sorted(found.features, key=lambda one: order[one.id])
    if board.query.own.get("sort", "") in ("", "adoption"):
        listed.sort(key=lambda one: (one.value is None, -(one.value or 0.0)))
    return msgspec.structs.replace(found, features=listed)


def _sorted(features: list[FeatureUse], sort: str) -> list[FeatureUse]:
    if sort == "name":
        return sorted(features, key=lambda one: one.title.casefold())
    keys = {"change": "change", "retained": "retained"}
    name = keys.get(sort, "value")

    def key(one: FeatureUse) -> tuple[bool, float, str]:
        value: float | None = getattr(one.overall, name)
        return value is None, -(value or 0.0), one.title

    return sorted(features, key=key)


@router.get("/features")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """Which features are used, by whom, and whether they stay."""
    navigation.require(reader, navigation.FEATURES)
    parts, asked = parts_of(request), read(request)
    board = await shown(parts, asked)
    if board.chosen is not None and not asked.own["feature"]:
        # What is told in detail stays while the page is open, whatever moves most by then.
        asked = msgspec.structs.replace(asked, own={**asked.own, "feature": board.chosen.id})
    context = await frame.around(request, reader, navigation.FEATURES, asked, ranges={})
    context |= {"board": board, "sorts": SORTS, "ofs": OF}
    context["chart_data"] = frame.charted(parts, [] if board.empty else board.drawn, context["tools"].marks)
    return render.page(request, "people/features.html", context, principal=reader)


@router.get("/features/{name}.{form}")
async def file(
    request: Request, reader: Annotated[Principal, Depends(signed_in)], name: str, form: export.Form
) -> Response:
    """Adoption of every feature by role, by account, or by day, as a file."""
    navigation.require(reader, navigation.FEATURES)
    if name not in ("adoption", "accounts", "days"):
        raise NotFound("name", f"there is no table {name[:40]!r}; there are adoption, accounts and days")
    parts, asked = parts_of(request), read(request)
    board, zone = await load(parts, asked), parts.config.timezone
    if name == "accounts":
        table = sheets.accounts(await by_account(parts, board))
    elif name == "days":
        drawn = await feature_course.charts(parts, asked, board.chosen)
        table = sheets.course("features-days", drawn, asked.dates, asked.audience, zone)
    else:
        table = sheets.adoption(board.adopted)
    return await export.answer(request, table, form)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: every tile by itself, so that the reader's place in the heatmap stays."""
    parts, drawing = parts_of(request), live.drawing(request, "people/feature_parts.html")
    by_accounts = read(request).own["of"] == "accounts"
    heat: dict[str, str] = {}

    async def look(*, full: bool) -> Shown:
        board = await shown(parts, read(request)) if full else await load(parts, read(request))
        heat.setdefault(board.structure, drawing("heatmap", board))
        drawn = {"verdict": drawing("verdict", board), "heads": drawing("heads", board)}
        if not by_accounts or full:
            drawn["list"] = drawing("rows", board)
        drawn |= {"heatmap": heat[board.structure], "detail": drawing("detail", board)}
        drawn["late"] = drawing("late", board.adopted.late)
        if not board.empty:
            drawn["full"] = "yes"
        for row, feature in enumerate(board.adopted.features):
            for column, (role, title) in enumerate([("", "Overall"), *board.roles]):
                found = board.cell(feature, role)
                if found is not None:
                    drawn[f"tile-{row}-{column}"] = drawing("tile", found)
                    drawn[f"told-{row}-{column}"] = drawing("told", board, feature, found, title)
        if full:
            drawn |= frame.versus(request, board.drawn) | {"days": drawing("days", board)}
        series = {one.id: one.series for one in board.drawn}
        return Shown(drawn, series, {one.id: one for one in board.drawn})

    return look


@machines.get("/features", response_model=model(Adopted))
async def features(
    request: Request,
    asker: Asker,
    to: Last = "",
    role: Role = "",
    release: Release = "",
    customer: Customer = "",
    project: Project = "",
) -> Response:
    """Adoption of every feature over 28 days, overall and by role, with its change against a week before."""
    access.require(asker, _GROUP)
    parts = parts_of(request)
    given = {"to": to, "role": role, "release": release, "customer": customer, "project": project, "days": str(DAYS)}
    asked = parse(given, parts.clock.now(), parts.zone, ())
    return answer(request, (await load(parts, asked)).adopted)


@machines.get("/features/accounts", response_model=model(AccountsAdopted))
async def accounts(
    request: Request,
    asker: Asker,
    to: Last = "",
    role: Role = "",
    release: Release = "",
    customer: Annotated[str, Query(description="Only this customer.")] = "",
    project: Project = "",
) -> Response:
    """Of the customers with somebody active and entitled, those that completed each feature, over 28 days."""
    access.require(asker, _GROUP)
    parts = parts_of(request)
    given = {"to": to, "role": role, "release": release, "customer": customer, "project": project, "days": str(DAYS)}
    board = await load(parts, parse(given, parts.clock.now(), parts.zone, ()))
    return answer(request, await by_account(parts, board))


@machines.get("/features/days", response_model=model(Courses))
async def days(
    request: Request,
    asker: Asker,
    to: Last = "",
    feature: Annotated[str, Query(description="The feature beside the core; left out = the one that moved most.")] = "",
    compare: Annotated[str, Query(description=against.DESCRIPTION)] = "",
    role: Role = "",
    release: Release = "",
    customer: Customer = "",
    project: Project = "",
) -> Response:
    """Core adoption and that of one feature by day, each day with the 27 before it, and what they are compared with."""
    access.require(asker, _GROUP)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, asked)
    return answer(request, Courses(await feature_course.charts(parts, asked, board.chosen)))
