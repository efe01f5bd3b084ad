"""Annotations written: by people with the form on a page, by deployment scripts with a token."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Path, Query
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.control import annotation
from lopan.control.annotation import Annotation
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, query, schema
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import auth_of, signed_in
from lopan.web.login import safe_next
from lopan.web.parts import Parts, parts_of

MOST: Final = 2**31 - 1
"""The largest number of a row that anyone may ask for."""

Reader = Annotated[Principal, Depends(signed_in)]
Number = Annotated[int, Path(ge=1, le=MOST)]
router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)

_MAX_BODY: Final = 16_384
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": schema.NewAnnotationModel.model_json_schema()}},
    }
}


class New(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a script sends; ``at`` is now when it is left out, ``project`` all of them."""

    text: str
    at: str = "now"
    project: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    release: str = ""


@router.post("/annotations")
async def write(request: Request, reader: Reader) -> Response:
    """Annotate the charts from the form on a page, and go back to it."""
    fields, parts = await _form(request), parts_of(request)
    at = query.moment("at", fields.get("at", ""), parts.clock.now(), parts.zone)
    project = _number(fields.get("project", ""))
    await _add(parts, reader, at, fields.get("text", ""), project, fields.get("release", ""))
    return RedirectResponse(safe_next(fields.get("next", "")), 303)


@router.post("/annotations/{number}/delete")
async def erase(request: Request, reader: Reader, number: Number) -> Response:
    """Take an annotation off the charts, and go back to the page."""
    fields = await _form(request)
    await _remove(parts_of(request), reader, number)
    return RedirectResponse(safe_next(fields.get("next", "")), 303)


@machines.get("/annotations", response_model=schema.AnnotationsModel)
async def listing(
    request: Request,
    asker: Asker,
    since: Annotated[
        str, Query(alias="from", description="ISO 8601 with a zone, `now`, or back from now: `-24h`.")
    ] = "-30d",
    until: Annotated[str, Query(alias="to", description="The end of the range, not included.")] = "now",
    project: Annotated[str, Query(description="Those about this project or about all.")] = "",
    release: Annotated[str, Query(description="Those about this release or about all.")] = "",
) -> Response:
    """Annotations of a range by time, the newest 200 of them."""
    parts = parts_of(request)
    span = query.parse({"from": since, "to": until}, parts.clock.now()).span
    releases = (release,) if release else ()
    read = partial(annotation.within, parts.engine, span.start, span.end, _number(project), releases)
    return answer(request, {"annotations": await anyio.to_thread.run_sync(read)})


@machines.post("/annotations", response_model=schema.AnnotationModel, status_code=201, openapi_extra=_BODY)
async def add(request: Request, asker: Asker) -> Response:
    """Mark a moment on every chart, as a deployment script does; takes a token made with `--annotate`."""
    parts, new = parts_of(request), await _body(request, _machine(asker))
    at = query.moment("at", new.at, parts.clock.now(), None)
    added = await _add(parts, asker, at, new.text, new.project, new.release)
    return answer(request, added, 201)


@machines.delete("/annotations/{id}", status_code=204, response_class=Response)
async def delete(request: Request, asker: Asker, id: Number) -> Response:  # noqa: A002 - the name in the address
    """Take an annotation of this token off the charts."""
    await _remove(parts_of(request), _machine(asker), id)
    return Response(status_code=204)


def _machine(asker: Principal) -> Principal:
    """``asker`` when a token was sent: a cookie alone may come from a page of somebody else."""
    if asker.person:
        raise access.ReadOnly("send an API token; people annotate with the form on a page")
    return access.require_annotate(asker)


async def _add(
    parts: Parts, author: Principal, at: datetime, text: str, project: int | None, release: str
) -> Annotation:
    access.require_annotate(author)
    write = partial(annotation.add, parts.engine, at, text, author.name, project, release, parts.clock)
    return await anyio.to_thread.run_sync(write)


async def _remove(parts: Parts, principal: Principal, number: int) -> None:
    found = await anyio.to_thread.run_sync(annotation.find, parts.engine, number)
    if found is None:
        raise NotFound("annotation", f"there is no annotation {number}; it may have been deleted")
    access.require_owner(access.require_annotate(principal), found.author)
    await anyio.to_thread.run_sync(partial(annotation.remove, parts.engine, number, principal.name, parts.clock))


async def _form(request: Request) -> dict[str, str]:
    return await auth_of(request).check_form(request)


async def _body(request: Request, _allowed: Principal) -> New:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise Rejected("body", f"an annotation has at most {_MAX_BODY} bytes")
    try:
        return msgspec.json.decode(body, type=New)
    except msgspec.MsgspecError as error:
        raise Rejected("body", f'{error}; expected JSON such as {{"text": "Deployed 2.1.0"}}') from None


def _number(text: str) -> int | None:
    if text and (not text.isdecimal() or len(text) > 9):
        raise Rejected("project", f"is the number of a project, not {text[:40]!r}")
    return int(text) if text else None
