"""The Directives pages: what the app is told, whom it reached, and the form that makes, changes and ends it.

Those who watch over the system may look; only administrators act, because a directive changes the app in every hand.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.analytics.reach import Reach
from lopan.analytics.reach import Response as ResponseRate
from lopan.control import directives, projects
from lopan.control.directive import KINDS, KillSwitch, Survey
from lopan.control.directives import Directive, State
from lopan.control.principal import Principal
from lopan.errors import Rejected, TryAgain
from lopan.event import TYPES
from lopan.web import access, api, csrf, directive_form, navigation, performance, render
from lopan.web.auth import auth_of, signed_in
from lopan.web.directive_form import Values
from lopan.web.parts import Parts, parts_of

Reader = Annotated[Principal, Depends(signed_in)]
PER_PAGE = 50
_UNSURE = "tick the box: this reaches every app concerned the next time it asks"

router = APIRouter(include_in_schema=False)


class Line(msgspec.Struct, frozen=True):
    """One directive with its state and reach; ``reach`` None = the store could not say."""

    directive: Directive
    state: State
    reach: Reach | None


@router.get("/directives")
async def listing(request: Request, reader: Reader, before: int | None = None) -> Response:
    """What the app is told and was told, the newest first, with whom it reached."""
    navigation.require(reader, navigation.DIRECTIVES)
    parts = parts_of(request)
    found = await anyio.to_thread.run_sync(partial(directives.listing, parts.engine, PER_PAGE + 1, before))
    more = found[PER_PAGE - 1].id if len(found) > PER_PAGE else None
    lines = await load(parts, found[:PER_PAGE])
    return await _page(request, reader, "directives.html", lines=lines, more=more, before=before)


@router.get("/directives/new")
async def blank(request: Request, reader: Reader) -> Response:
    """The form for a new directive; ``kind``, ``alert``, ``playbook`` and any field fill it in beforehand."""
    access.require(reader, access.ADMINISTRATION)
    given = dict(request.query_params)
    kind = given.get("kind", "message")
    if kind not in KINDS:
        raise Rejected("kind", f"there are {', '.join(KINDS)}, not {kind[:40]!r}")
    return await _form(request, reader, directive_form.blank(kind, given))


@router.post("/directives")
async def create(request: Request, reader: Reader) -> Response:
    """Make a directive and show it; the form again, with 400 and the reason, when it can't be made."""
    access.require(reader, access.ADMINISTRATION)
    fields, parts = await _fields(request), parts_of(request)
    try:
        draft = directive_form.drafted(fields, parts.zone)
        if isinstance(draft.content, KillSwitch):
            _sure(fields)
        made = await anyio.to_thread.run_sync(directives.create, parts.engine, draft, reader.name, parts.clock)
    except Rejected as error:
        kind = fields.get("kind", "")
        values = directive_form.blank(kind if kind in KINDS else "message", fields)
        return await _form(request, reader, values, refused=error)
    return await _shown(parts, made)


@router.get("/directives/{number}")
async def directive(request: Request, reader: Reader, number: int) -> Response:
    """One directive: what it says and to whom, whom it reached, and for administrators the form to change or end it."""
    navigation.require(reader, navigation.DIRECTIVES)
    found = await find(parts_of(request), number)
    return await _one(request, reader, found)


@router.post("/directives/{number}")
async def change(request: Request, reader: Reader, number: int) -> Response:
    """Change it and show it; the form again, with 400 and the reason, when it can't be."""
    access.require(reader, access.ADMINISTRATION)
    fields, parts = await _fields(request), parts_of(request)
    found = await find(parts, number)
    try:
        draft = directive_form.drafted(fields | {"kind": found.kind}, parts.zone, found)
        if isinstance(draft.content, KillSwitch):
            _sure(fields)
        revision = int(fields["revision"]) if fields.get("revision", "").isdecimal() else 0
        act = partial(directives.change, parts.engine, number, revision, draft, reader.name, parts.clock)
        changed = await anyio.to_thread.run_sync(act)
    except Rejected as error:
        return await _one(request, reader, found, fields, error)
    return await _shown(parts, changed)


@router.post("/directives/{number}/end")
async def end(request: Request, reader: Reader, number: int) -> Response:
    """End it now and show it."""
    access.require(reader, access.ADMINISTRATION)
    fields, parts = await _fields(request), parts_of(request)
    found = await find(parts, number)
    try:
        if isinstance(found.content, KillSwitch):
            _sure(fields)
        ended = await anyio.to_thread.run_sync(directives.end, parts.engine, number, reader.name, parts.clock)
    except Rejected as error:
        return await _one(request, reader, found, None, error)
    return await _shown(parts, ended)


async def find(parts: Parts, number: int) -> Directive:
    """The directive of that number; raises NotFound."""
    return await api.find(directives.one, parts.engine, number)


async def load(parts: Parts, found: list[Directive]) -> list[Line]:
    """States and reach; a store that is busy takes the reach away, not the list."""
    now = parts.clock.now()
    try:
        pairs = [(one.project, one.id) for one in found]
        reach = await parts.reach.reach(pairs) if parts.reach is not None else {}
    except TryAgain:
        reach = {}
    return [Line(one, one.state(now), reach.get(one.id)) for one in found]


async def _one(
    request: Request,
    reader: Principal,
    found: Directive,
    fields: Values | None = None,
    refused: Rejected | None = None,
) -> Response:
    parts = parts_of(request)
    (line,) = await load(parts, [found])
    response = await response_rate(parts, found)
    values = directive_form.written(found, parts.zone)
    values |= {name: text for name, text in (fields or {}).items() if name in values}
    content = {name: value for name, value in msgspec.to_builtins(found.content).items() if name != "kind"}
    context = {"line": line, "content": content, "response": response}
    return await _form(request, reader, values, "directive.html", refused, **context)


async def response_rate(parts: Parts, found: Directive) -> ResponseRate | None:
    """Of a survey; None for all other kinds, and while the store is busy."""
    if parts.reach is None or not isinstance(found.content, Survey):
        return None
    try:
        return await parts.reach.response(found.project, found.id, found.content.survey)
    except TryAgain:
        return None


async def _form(
    request: Request,
    reader: Principal,
    values: Values,
    template: str = "directive_new.html",
    refused: Rejected | None = None,
    **context: object,
) -> Response:
    known = await anyio.to_thread.run_sync(projects.listing, parts_of(request).engine)
    more = {"values": values, "projects": known, "types": list(TYPES), "refused": refused}
    return await _page(request, reader, template, 400 if refused else 200, **more, **context)


async def _page(
    request: Request, reader: Principal, template: str, status: int = 200, /, **context: object
) -> Response:
    open_alerts = await performance.active_alerts(parts_of(request), reader)
    frame = {
        "firing": performance.firing(open_alerts),
        "may_act": access.may(reader, access.ADMINISTRATION),
        "titles": directive_form.TITLES,
        "audience": directive_form.audience,
        "label": directive_form.label,
    }
    return render.page(request, template, frame | context, principal=reader, status=status)


async def _fields(request: Request) -> Values:
    fields = await auth_of(request).check_form(request)
    fields.pop(csrf.FIELD, None)
    return fields


def _sure(fields: Values) -> None:
    if fields.get("confirm") != "yes":
        raise Rejected("confirm", _UNSURE)


async def _shown(parts: Parts, done: Directive) -> Response:
    """On to its page, once clients are told so."""
    if parts.current is not None:
        await parts.current.reload()
    return RedirectResponse(f"/directives/{done.id}", 303)
