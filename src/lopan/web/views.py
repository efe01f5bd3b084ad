"""Saved views: kept, listed, opened, renamed, deleted. Opening one leads to its page, which decides what is shown."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.control import views
from lopan.control.principal import Principal
from lopan.control.views import View
from lopan.errors import Rejected
from lopan.web import access, navigation, pages
from lopan.web.api import NotFound
from lopan.web.auth import auth_of, signed_in
from lopan.web.parts import Parts, parts_of

Reader = Annotated[Principal, Depends(signed_in)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
router = APIRouter(include_in_schema=False)


class Row(msgspec.Struct, frozen=True):
    """A view as listed: with the title of its page, and whether the reader may change it."""

    view: View
    page: str
    changeable: bool


@router.get("/views")
async def listing(request: Request, reader: Reader) -> Response:
    """Own and shared views of the pages that the reader may open."""
    found = await anyio.to_thread.run_sync(views.listing, parts_of(request).engine, reader.name)
    rows = [
        Row(view, page.title, access.owns(reader, view.owner))
        for view in found
        if (page := navigation.with_views(view.page)) and navigation.may_open(reader, page)
    ]
    return await pages.framed(request, reader, "views.html", rows=rows)


@router.post("/views")
async def save(request: Request, reader: Reader) -> Response:
    """Keep what a page shows under a name, and go on looking at it."""
    fields, parts = await _form(request), parts_of(request)
    page = _page(access.require_save(reader), fields.get("page", ""))
    name, shared = fields.get("name", ""), "shared" in fields
    query = _clean(fields.get("query", ""))
    keep = partial(views.save, parts.engine, reader.name, page.path, name, query, shared, parts.clock)
    saved = await anyio.to_thread.run_sync(keep)
    return RedirectResponse(address(saved), 303)


@router.get("/views/{number}")
async def open_view(request: Request, reader: Reader, number: Number) -> Response:
    """On to what was saved, if the reader may open that page."""
    return RedirectResponse(address(await _find(parts_of(request), reader, number)), 303)


@router.post("/views/{number}")
async def change(request: Request, reader: Reader, number: Number) -> Response:
    """Rename a view, share it or keep it to oneself."""
    fields, parts = await _form(request), parts_of(request)
    view = await _own(parts, reader, number)
    name, shared = fields.get("name", ""), "shared" in fields
    await anyio.to_thread.run_sync(partial(views.change, parts.engine, view.id, name, shared, reader.name, parts.clock))
    return RedirectResponse("/views", 303)


@router.post("/views/{number}/delete")
async def delete(request: Request, reader: Reader, number: Number) -> Response:
    """Delete a view for everybody."""
    await _form(request)
    parts = parts_of(request)
    view = await _own(parts, reader, number)
    await anyio.to_thread.run_sync(partial(views.remove, parts.engine, view.id, reader.name, parts.clock))
    return RedirectResponse("/views", 303)


def address(view: View) -> str:
    """Where the view leads, with its number so that the page can say its name."""
    return f"{view.page}?{view.query}{'&' if view.query else ''}view={view.id}"


async def _find(parts: Parts, reader: Principal, number: int) -> View:
    found = await anyio.to_thread.run_sync(views.find, parts.engine, number, reader.name)
    if found is None:
        raise NotFound("view", f"there is no view {number} that you may open; it may have been deleted")
    _page(reader, found.page)
    return found


async def _own(parts: Parts, reader: Principal, number: int) -> View:
    view = await _find(parts, access.require_save(reader), number)
    access.require_owner(reader, view.owner)
    return view


def _page(reader: Principal, path: str) -> navigation.Page:
    page = navigation.with_views(path)
    if page is None:
        raise Rejected("page", "this page has nothing that could be saved as a view")
    navigation.require(reader, page)
    return page


def _clean(query: str) -> str:
    """The query string in one form, without the number of the view it came from."""
    try:
        pairs = parse_qsl(query, max_num_fields=50, errors="strict")
    except ValueError as error:
        raise Rejected("query", f"not the parameters of a page: {error}") from None
    return urlencode([(name, value) for name, value in pairs if name != "view"])


async def _form(request: Request) -> dict[str, str]:
    return await auth_of(request).check_form(request)
