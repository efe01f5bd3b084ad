"""The people of one cell of the cohort triangle: names for those who may see them, counts and the reason for others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal, cast

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.retention import Profile
from lopan.analytics.triangle import Unit, nth, period
from lopan.control import audit, identities
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, api, export, navigation, performance, render, shape
from lopan.web.auth import signed_in
from lopan.web.parts import Parts, parts_of
from lopan.web.people import frame, query, retention_sheets
from lopan.web.people.query import DayQuery

Reader = Annotated[Principal, Depends(signed_in)]
PER_PAGE: Final = 50
_MOST: Final = 600
_OWN = ("unit", "cohort", "index", "side", "page")

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Which cell: the days of its ``cohort``, and those of the ``index``-th period after, in which people were back."""

    unit: Unit
    cohort: Dates
    index: int
    active: Dates
    side: Literal["back", "gone"]
    page: int

    @property
    def words(self) -> str:
        """As the audit log and files name it."""
        return f"{self.unit} of {self.cohort.first}, {self.unit} {self.index} after, {self.side}"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody by the name that the app sends; days are local ones, ``days`` those on which they were active."""

    user: str
    first: date
    last: date
    days: int
    role: str
    release: str
    customer: str


class People(msgspec.Struct, frozen=True, kw_only=True):
    """``back`` of ``size`` people were active; ``people`` is one page of a side, null for the ``reason`` given."""

    unit: Unit
    cohort: Dates
    index: int
    active: Dates
    audience: Audience
    side: str
    size: int
    back: int
    page: int
    pages: int
    people: list[Person] | None
    reason: str


@router.get("/retention/users")
async def page(request: Request, reader: Reader) -> Response:
    """The people of one cohort who came back in one later week or month, or did not."""
    principal = navigation.require(reader, navigation.RETENTION)
    asked, cell = _read(request)
    found = await _find(parts_of(request), principal, asked, cell)
    alerts = await performance.active_alerts(parts_of(request), principal)
    context = {"query": asked, "cell": cell, "found": found, "firing": performance.firing(alerts)}
    return render.page(request, "people/cohort.html", context, principal=principal)


@router.get("/retention/users.{form}")
async def table(request: Request, reader: Reader, form: export.Form) -> Response:
    """All people of that side of the cell as a file, for those who may see names."""
    principal = navigation.require(reader, navigation.RETENTION)
    access.require_names(principal)
    parts = parts_of(request)
    asked, cell = _read(request)
    numbers = await _numbers(parts, asked, cell)
    profiles, names = await _known(parts, principal, asked, cell, numbers[cell.side])
    told = {"cohort": str(cell.cohort.first), "unit": cell.unit, "index": str(cell.index), "side": cell.side}
    made = retention_sheets.people(profiles, names, told, parts.config.timezone)
    return await export.answer(request, made, form)


@machines.get("/retention/users", response_model=shape.model(People))
async def answer(
    request: Request,
    asker: Reader,
    cohort: Annotated[str, Parameter(description="The first day of the cohort's week or month, as in `triangle`.")],
    unit: Annotated[str, Parameter(description="week or month.")] = "week",
    index: Annotated[str, Parameter(description="How many weeks or months after; 0 = the cohort itself.")] = "0",
    side: Annotated[str, Parameter(description="back or gone.")] = "back",
    page: Annotated[str, Parameter(description="From 1 on, 50 people a page.")] = "1",
    role: Annotated[str, Parameter(description="Only this role; at most one of the three.")] = "",
    release: Annotated[str, Parameter(description="Only this release.")] = "",
    customer: Annotated[str, Parameter(description="Only this customer.")] = "",
    project: Annotated[str, Parameter(description="Only the project of this number.")] = "",
) -> Response:
    """The people of one cell of the triangle: names for a person of customer success, counts for tokens."""
    principal = navigation.require(asker, navigation.RETENTION)
    asked, cell = _read(request)
    return api.answer(request, await _find(parts_of(request), principal, asked, cell))


def _read(request: Request) -> tuple[DayQuery, Cell]:
    parts, params = parts_of(request), request.query_params
    asked = query.parse(params, parts.clock.now(), parts.zone, own=_OWN)
    unit = params.get("unit") or "week"
    if unit not in ("week", "month"):
        raise Rejected("unit", f"can be week or month, not {unit[:20]!r}")
    side = params.get("side") or "back"
    if side not in ("back", "gone"):
        raise Rejected("side", f"can be back or gone, not {side[:20]!r}")
    counted = cast(Unit, unit)
    cohort = query.day("cohort", params.get("cohort", ""))
    if cohort != nth(counted, cohort, 0):
        raise Rejected("cohort", f"is the first day of a {unit}: {nth(counted, cohort, 0)}, not {cohort}")
    index = _number("index", params.get("index") or "0", _MOST)
    return asked, Cell(
        unit=counted,
        cohort=period(counted, cohort),
        index=index,
        active=period(counted, nth(counted, cohort, index)),
        side=cast(Literal["back", "gone"], side),
        page=max(1, _number("page", params.get("page") or "1", 1_000_000)),
    )


def _number(place: str, text: str, most: int) -> int:
    if not text.isdecimal() or int(text) > most:
        raise Rejected(place, f"is a number from 0 to {most:,}, not {text[:20]!r}")
    return int(text)


async def _numbers(parts: Parts, asked: DayQuery, cell: Cell) -> dict[str, list[int]]:
    found = await frame.people(parts).retention.users(cell.cohort, cell.active, asked.audience)
    return {"back": found.back, "gone": found.gone}


async def _find(parts: Parts, principal: Principal, asked: DayQuery, cell: Cell) -> People:
    numbers = await _numbers(parts, asked, cell)
    side, reason = numbers[cell.side], access.why_no_names(principal)
    pages = max(1, -(-len(side) // PER_PAGE))
    shown = side[PER_PAGE * (cell.page - 1) : PER_PAGE * cell.page]
    people = None
    if not reason:
        profiles, names = await _known(parts, principal, asked, cell, shown)
        people = [_person(one, names) for one in profiles]
    return People(
        unit=cell.unit,
        cohort=cell.cohort,
        index=cell.index,
        active=cell.active,
        audience=asked.audience,
        side=cell.side,
        size=len(numbers["back"]) + len(numbers["gone"]),
        back=len(numbers["back"]),
        page=cell.page,
        pages=pages,
        people=people,
        reason=reason,
    )


def _person(profile: Profile, names: dict[int, str]) -> Person:
    fields = msgspec.structs.asdict(profile)
    return Person(user=names.get(fields.pop("person"), ""), **fields)


async def _known(
    parts: Parts, principal: Principal, asked: DayQuery, cell: Cell, numbers: Sequence[int]
) -> tuple[list[Profile], dict[int, str]]:
    """Who they are; that somebody looked goes into the audit log first."""
    if not numbers:
        return [], {}
    told = partial(_tell, parts.engine, principal.name, cell.words, f"{len(numbers)} people, {asked.audience.words}")
    await anyio.to_thread.run_sync(told)
    profiles = await frame.people(parts).retention.profiles(numbers, asked.audience.number)
    names = await anyio.to_thread.run_sync(identities.names, parts.engine, "user", numbers)
    return profiles, names


def _tell(engine: Engine, actor: str, subject: str, detail: str) -> None:
    with engine.begin() as connection:
        audit.record(connection, actor, "people.read", subject, detail)
