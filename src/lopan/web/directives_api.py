"""Directives by machine: to list them with a session or token, to make and end them with an administrator's session.

API tokens read and never act, so a token that leaks can't switch a feature off.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.control import directives
from lopan.control.directive import read
from lopan.control.directives import Directive
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, api, csrf, navigation, schema
from lopan.web.auth import auth_of, signed_in
from lopan.web.directives import Line, find, load
from lopan.web.parts import Parts, parts_of

Asker = Annotated[Principal, Depends(signed_in)]
HEADER = "x-csrf-token"
_MAX_BODY = 1_000_000

router = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


@router.get("/directives", response_model=schema.DirectivesModel)
async def listing(
    request: Request,
    asker: Asker,
    state: Annotated[
        Literal["", "scheduled", "active", "ended"], Query(description="Only those in this state; empty = all.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many are looked at.")] = 100,
    before: Annotated[int | None, Query(ge=1, description="Only those with a smaller id: the next page.")] = None,
) -> Response:
    """What the app is told and was told, the newest first, with whom it reached."""
    navigation.require(asker, navigation.DIRECTIVES)
    parts = parts_of(request)
    found = await anyio.to_thread.run_sync(partial(directives.listing, parts.engine, limit, before))
    lines = [line for line in await load(parts, found) if state in ("", line.state)]
    return api.answer(request, {"directives": [_view(line) for line in lines]})


@router.post("/directives", response_model=schema.DirectiveModel, status_code=201)
async def create(request: Request, asker: Asker) -> Response:
    """Make a directive of JSON: `project`, `content` with its `kind`, and if wanted `targets`, `starts`, `ends`,
    `priority`, `alert`, `playbook`. For an administrator's session, with the page's token as `X-CSRF-Token`.
    """
    parts = _acting(request, asker)
    draft = read(await _body(request))
    made = await anyio.to_thread.run_sync(directives.create, parts.engine, draft, asker.name, parts.clock)
    return await _told(request, parts, made, 201)


@router.post("/directives/{id}/end", response_model=schema.DirectiveModel)
async def end(request: Request, asker: Asker, id: int) -> Response:  # noqa: A002 - the name in the address
    """End a directive now; one that has not started never starts. Asks for the same session and `X-CSRF-Token`."""
    parts = _acting(request, asker)
    await find(parts, id)
    ended = await anyio.to_thread.run_sync(directives.end, parts.engine, id, asker.name, parts.clock)
    return await _told(request, parts, ended, 200)


def _acting(request: Request, asker: Principal) -> Parts:
    """The parts, for an administrator whose own page sent this; raises Forbidden or Forged."""
    access.require(asker, access.ADMINISTRATION)
    auth = auth_of(request)
    csrf.check(request, {csrf.FIELD: request.headers.get(HEADER, "")}, auth.session(request), auth.public_url)
    return parts_of(request)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise Rejected("body", f"has at most {_MAX_BODY:,} bytes")
    return body


async def _told(request: Request, parts: Parts, done: Directive, status: int) -> Response:
    if parts.current is not None:
        await parts.current.reload()
    (line,) = await load(parts, [done])
    return api.answer(request, _view(line), status)


def _view(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.structs.asdict(line.directive)
    return shown | {"state": line.state, "reach": line.reach}
