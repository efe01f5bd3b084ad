"""Files through the browser: uploaded, looked at, mapped, tried out, imported; nothing changes before the last step."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lopan.connect import mapping
from lopan.connect.uploads import Ask, Upload, Uploads
from lopan.control.principal import Principal
from lopan.errors import GiveUp, Rejected
from lopan.fact import FACTS
from lopan.web import access, csrf, render
from lopan.web.api import find
from lopan.web.auth import auth_of, signed_in
from lopan.web.imports import form
from lopan.web.pages import framed
from lopan.web.parts import Parts, parts_of

Reader = Annotated[Principal, Depends(signed_in)]
_PIECE = 1 << 20
_ACTS = ("look", "try", "import", "partial", "drop")

router = APIRouter(include_in_schema=False)


@router.get("/imports/new")
async def blank(request: Request, reader: Reader) -> Response:
    """Where a file is chosen."""
    access.require_feed(reader)
    return await _blank(request, reader)


@router.post("/imports/new")
async def receive(request: Request, reader: Reader) -> Response:
    """Keep the file that was sent and go on to the look at it."""
    access.require_feed(reader)
    parts, auth = parts_of(request), auth_of(request)
    most = parts.config.ingest.max_file
    length = request.headers.get("content-length")
    if length is None:
        # Else all of it would be kept before anybody could say how much it is, or whose form it came from.
        return await _blank(request, reader, Rejected("Content-Length", "is missing: send the form from this page"))
    if int(length) > most:
        refusal = Rejected("file", f"is over {most:,} bytes; import it with `lopan import`, which has no such cap")
        return await _blank(request, reader, refusal)
    async with request.form(max_files=1, max_fields=4) as sent:
        csrf.check(request, {csrf.FIELD: str(sent.get(csrf.FIELD, ""))}, auth.session(request), auth.public_url)
        try:
            number = await _kept(_uploads(parts), sent, most)
        except Rejected as refusal:
            return await _blank(request, reader, refusal)
    return RedirectResponse(f"/imports/files/{number}", 303)


@router.get("/imports/files/{number}")
async def file(request: Request, reader: Reader, number: str) -> Response:
    """The file as it is read now, the form, and what the last trial found."""
    access.require_feed(reader)
    return await _page(request, reader, await _find(_uploads(parts_of(request)), number))


@router.get("/imports/files/{number}/state")
async def state(request: Request, reader: Reader, number: str) -> Response:
    """How far it is, for the page to ask again and again; when it is done the page is told to load itself anew."""
    access.require_feed(reader)
    found = await _find(_uploads(parts_of(request)), number)
    if not found.busy:
        return HTMLResponse("", headers={"HX-Refresh": "true"})
    return HTMLResponse(render.fragment(request, "imports/parts.html", "progress", found))


@router.post("/imports/files/{number}")
async def act(request: Request, reader: Reader, number: str) -> Response:
    """Look at it anew, try it out, import it, or drop it; the page again, with 400 and the reason, when that fails."""
    access.require_feed(reader)
    said = await auth_of(request).check_form(request)
    uploads = _uploads(parts_of(request))
    what = said.get("act", "look")
    found = await _find(uploads, number)
    if what == "drop":
        await anyio.to_thread.run_sync(uploads.drop, number)
        return RedirectResponse("/imports", 303)
    try:
        if what not in _ACTS:
            raise Rejected("act", f"there are {', '.join(_ACTS)}")
        if found.busy:
            raise Rejected("file", "is being read already; wait until that is done")
        kept = {name: value for name, value in said.items() if name not in (csrf.FIELD, "act")}
        found = await anyio.to_thread.run_sync(uploads.remember, number, kept)
        if what != "look":
            await anyio.to_thread.run_sync(partial(_begin, uploads, number, what, kept, reader.name))
    except Rejected as refusal:
        return await _page(request, reader, found, refusal)
    return RedirectResponse(f"/imports/files/{number}", 303)


def _begin(uploads: Uploads, number: str, what: str, said: dict[str, str], by: str) -> None:
    wanted = form.ask(said)
    if what == "try":
        uploads.attempt(number, wanted)
    else:
        uploads.start(number, Ask(options=wanted.options, mapped=wanted.mapped, partial=what == "partial"), by)


async def _kept(uploads: Uploads, sent: FormData, most: int) -> str:
    given = sent.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        raise Rejected("file", "choose a file first")
    number, path = await anyio.to_thread.run_sync(uploads.place, given.filename)
    size = 0
    async with await anyio.open_file(path, "wb") as target:
        while piece := await given.read(_PIECE):
            size += len(piece)
            await target.write(piece)
    if not size or size > most:
        await anyio.to_thread.run_sync(uploads.drop, number)
        raise Rejected("file", "is empty" if not size else f"is over {most:,} bytes")
    return number


async def _blank(request: Request, reader: Principal, refusal: Rejected | None = None) -> Response:
    most = parts_of(request).config.ingest.max_file
    return await framed(request, reader, "imports/new.html", 400 if refusal else 200, refusal=refusal, most=most)


async def _page(request: Request, reader: Principal, found: Upload, refusal: Rejected | None = None) -> Response:
    context: dict[str, Any] = {"upload": found, "refusal": refusal, "preview": None, "unread": None, "said": found.said}
    if not found.busy and found.phase != "imported":
        context |= await anyio.to_thread.run_sync(_looked, parts_of(request), found)
    return await framed(request, reader, "imports/file.html", 400 if refusal else 200, **context)


def _looked(parts: Parts, found: Upload) -> dict[str, Any]:
    """What the page shows of a file that waits; a file that can't be read so is shown with the reason."""
    shown: dict[str, Any] = {
        "facts": list(FACTS),
        "mappings": mapping.load(parts.config.root / "lopan.d"),
        "delimiters": form.DELIMITERS,
        "encodings": form.ENCODINGS,
        "dates": form.DATES,
        "zones": form.zones(),
        "home": parts.config.timezone,
        "lines": [],
        "keys": [],
    }
    try:
        preview = _uploads(parts).preview(found.id, form.options(found.said))
    except Rejected as reason:
        return shown | {"unread": reason}
    if preview.fact and not found.said.get("mapping"):
        shown |= {"lines": form.lines(found.said, preview), "keys": form.keys(found.said, preview)}
    return shown | {"preview": preview}


async def _find(uploads: Uploads, number: str) -> Upload:
    return await find(uploads.get, number)


def _uploads(parts: Parts) -> Uploads:
    if parts.uploads is None:
        raise GiveUp("this server takes no files")
    return parts.uploads
