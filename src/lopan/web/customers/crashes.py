"""The Crashes page: groups by what they touched, and one group with everything that is known of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Final

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.calendar import begin
from lopan.analytics.impact import Fault
from lopan.analytics.metric import Point
from lopan.control import projects
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, export, navigation, performance, query, render, toolbar
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import signed_in
from lopan.web.customers import seen, sheets, words
from lopan.web.customers.seen import Group
from lopan.web.parts import Parts, parts_of
from lopan.web.people.query import day
from lopan.web.query import Query as Asked
from lopan.web.shape import model

DEFAULT_FROM: Final = "-7d"
_ID = re.compile("[0-9a-f]{16}")
_FILTERS: Final = ("release", "device", "role")

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class Groups(msgspec.Struct, frozen=True):
    """Crash groups of the range, at most 200, those that touched most customers first."""

    groups: list[Group]


def read(request: Request) -> Asked:
    """The query in the address; a week when it names no range."""
    parts = parts_of(request)
    given = {"from": DEFAULT_FROM, **{name: value for name, value in request.query_params.items() if value}}
    return query.parse(given, parts.clock.now(), parts.zone)


async def load(parts: Parts, reader: Principal, asked: Asked, cluster: str = "") -> list[Group]:
    """The groups that match, as far as ``reader`` may see them."""
    fault = fault_of("crash", 0.0, cluster, asked)
    return [seen.group(one, reader) for one in await seen.impacts(parts).groups(fault, asked.span)]


def fault_of(what: str, beyond: float, cluster: str, asked: Asked) -> Fault:
    """A fault under the filters of ``asked``; raises Rejected for a project that is no number."""
    project = asked.filters.project
    if project and not project.isdecimal():
        raise Rejected("project", f"is the number of a project, not {project[:20]!r}")
    narrow = {name: str(getattr(asked.filters, name)) for name in _FILTERS}
    return Fault(what, beyond, cluster, int(project or 0), **narrow)


def points(parts: Parts, group: Group) -> list[Point]:
    """Crashes by local day, for a small line."""
    return [Point(begin(day("day", text), parts.zone), float(count), count) for text, count in group.days]


@router.get("/crashes")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """Crash groups by what they touched: customers, people, workflows, revenue."""
    navigation.require(reader, navigation.CRASHES)
    parts, asked = parts_of(request), read(request)
    groups, context = await asyncio.gather(load(parts, reader, asked), _around(request, reader, asked))
    whole = await seen.impacts(parts).of(fault_of("crash", 0.0, "", asked), asked.span)
    context |= {
        "groups": groups,
        "whole": seen.impact(whole, reader),
        "lines": {group.id: points(parts, group) for group in groups},
    }
    return render.page(request, "customers/crashes.html", context, principal=reader)


@router.get("/crashes/groups.{form}")
async def file(request: Request, reader: Annotated[Principal, Depends(signed_in)], form: export.Form) -> Response:
    """Crash groups with what they touched as a file."""
    navigation.require(reader, navigation.CRASHES)
    parts = parts_of(request)
    groups = await load(parts, reader, read(request))
    return await export.answer(request, sheets.crashes(groups, parts.config.timezone, money=seen.money(reader)), form)


@router.get("/crashes/{cluster}")
async def group(request: Request, reader: Annotated[Principal, Depends(signed_in)], cluster: str) -> Response:
    """One crash group: what it touched, its last message and stack."""
    navigation.require(reader, navigation.CRASHES)
    parts, asked = parts_of(request), read(request)
    found, context = await asyncio.gather(_one(parts, reader, asked, cluster), _around(request, reader, asked))
    context |= {"group": found, "line": points(parts, found)}
    return render.page(request, "customers/crash.html", context, principal=reader)


async def _one(parts: Parts, reader: Principal, asked: Asked, cluster: str) -> Group:
    found = await load(parts, reader, asked, cluster) if _ID.fullmatch(cluster) else []
    if not found:
        raise NotFound("group", f"no crash of the group {cluster[:40]!r} in this range; /crashes lists those there are")
    return found[0]


async def _around(request: Request, reader: Principal, asked: Asked) -> dict[str, object]:
    parts = parts_of(request)
    tools, releases, known, alerts = await asyncio.gather(
        toolbar.load(request, reader, navigation.CRASHES, asked),
        parts.kpis.dimension_values("release", asked.span),
        anyio.to_thread.run_sync(projects.listing, parts.engine),
        performance.active_alerts(parts, reader),
    )
    return {
        "query": asked,
        "tools": msgspec.structs.replace(tools, may_annotate=False),
        "ranges": {since: title for since, title in query.RANGES.items() if since != "-1h"},
        "releases": releases,
        "projects": known,
        "money": seen.money(reader),
        "names": access.may(reader, seen.HEALTH),
        "words": words,
        "firing": performance.firing(alerts),
    }


@machines.get("/crashes", response_model=model(Groups))
async def crashes(
    request: Request,
    asker: Asker,
    since: Annotated[
        str, Query(alias="from", description="ISO 8601 with a zone, `now`, or back from now: `-7d`.")
    ] = DEFAULT_FROM,
    until: Annotated[str, Query(alias="to", description="The end of the range, not included.")] = "now",
    release: Annotated[str, Query(description="Only this release.")] = "",
    device: Annotated[str, Query(description="Only this device.")] = "",
    role: Annotated[str, Query(description="Only people of this role.")] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
) -> Response:
    """Crash groups (exception and innermost frame) with what they touched; names and money as `/impact` has them."""
    navigation.require(asker, navigation.CRASHES)
    parts = parts_of(request)
    narrow: Mapping[str, str] = {"release": release, "device": device, "role": role, "project": project}
    asked = query.parse({"from": since, "to": until, **narrow}, parts.clock.now())
    return answer(request, Groups(await load(parts, asker, asked)))
