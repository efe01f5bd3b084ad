"""Batches of facts: what came from where, what was refused and why, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.control import batches
from lopan.control.batches import Batch
from lopan.control.principal import Principal
from lopan.errors import Rejected, TryAgain
from lopan.fact import FACTS
from lopan.web import access, export, navigation
from lopan.web.api import find
from lopan.web.auth import auth_of, signed_in
from lopan.web.export import Sheet, sheet
from lopan.web.pages import framed
from lopan.web.parts import Parts, parts_of

Reader = Annotated[Principal, Depends(signed_in)]
PER_PAGE = 50
SHOWN = 200
MOST = 10_000
"""Refused rows that are kept of one batch."""

router = APIRouter(include_in_schema=False)


class Row(msgspec.Struct, frozen=True):
    """A row that was not taken: its number in the source, the field, why, and as it came."""

    row: int
    field: str
    reason: str
    raw: str


@router.get("/imports")
async def listing(request: Request, reader: Reader, before: str = "", fact: str = "") -> Response:
    """What came in, the newest first."""
    navigation.require(reader, navigation.IMPORTS)
    parts = parts_of(request)
    if fact and fact not in FACTS:
        raise Rejected("fact", f"there is no fact {fact[:40]!r}")
    wanted = partial(batches.listing, parts.engine, PER_PAGE + 1, _moment(before), fact)
    found = await anyio.to_thread.run_sync(wanted)
    more = found[PER_PAGE - 1].began_at.isoformat() if len(found) > PER_PAGE else ""
    context = {"batches": found[:PER_PAGE], "more": more, "before": before, "fact": fact, "facts": list(FACTS)}
    return await framed(request, reader, "imports/batches.html", **context, may_feed=access.may_feed(reader))


@router.get("/imports/{batch}")
async def one(request: Request, reader: Reader, batch: str) -> Response:
    """One batch, with the rows that were refused."""
    navigation.require(reader, navigation.IMPORTS)
    return await _page(request, reader, await _find(parts_of(request), batch))


@router.get("/imports/{batch}/refused.{form}")
async def file(request: Request, reader: Reader, batch: str, form: Literal["csv", "parquet"]) -> Response:
    """The refused rows as a file, to be corrected and sent again."""
    navigation.require(reader, navigation.IMPORTS)
    parts = parts_of(request)
    found = await _find(parts, batch)
    return await export.answer(request, _sheet(found, await _refused(parts, found, MOST) or [], parts), form)


@router.post("/imports/{batch}/undo")
async def undo(request: Request, reader: Reader, batch: str) -> Response:
    """Take it back and show it."""
    access.require_feed(reader)
    fields = await auth_of(request).check_form(request)
    parts = parts_of(request)
    found = await _find(parts, batch)
    try:
        if fields.get("confirm") != "yes":
            raise Rejected("confirm", "tick the box: figures change at once")
        if parts.loader is None:
            raise Rejected("batch", "nothing loads facts here")
        await anyio.to_thread.run_sync(parts.loader.undo, found.id, reader.name)
    except Rejected as error:
        return await _page(request, reader, found, error)
    return RedirectResponse(f"/imports/{found.id}", 303)


async def _page(request: Request, reader: Principal, found: Batch, refusal: Rejected | None = None) -> Response:
    parts = parts_of(request)
    rows = await _refused(parts, found, SHOWN) if found.refused else []
    context = {"batch": found, "rows": rows, "refusal": refusal, "may_feed": access.may_feed(reader), "shown": SHOWN}
    return await framed(request, reader, "imports/batch.html", 400 if refusal else 200, **context)


async def _refused(parts: Parts, found: Batch, most: int) -> list[Row] | None:
    """None while the store is busy."""
    if parts.facts is None:
        return []
    try:
        rows = await parts.facts.rows("refused", batch=str(UUID(found.id)), most=most)
    except TryAgain:
        return None
    return [Row(**row) for row in rows]


async def _find(parts: Parts, batch: str) -> Batch:
    return await find(batches.get, parts.engine, batch)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        raise Rejected("before", "is a time as in 2026-11-22T10:00:00+00:00") from None


def _sheet(found: Batch, rows: list[Row], parts: Parts) -> Sheet:
    kinds: dict[str, export.Kind] = {"row": "count", "field": "text", "reason": "text", "raw": "text"}
    cells = [(one.row, one.field, one.reason, one.raw) for one in rows]
    return sheet(f"refused-{found.fact}-{found.id[:8]}", parts.config.timezone, kinds, cells)
