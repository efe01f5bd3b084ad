"""The built scripts and styles: served under names that hold their hash, compressed once, cached for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from lopan.errors import GiveUp
from lopan.web import compress

TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_NAMES = ("app.js", "app.css")
_FOREVER = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    """One file in memory, plain and by coding."""

    address: str
    media_type: str
    bodies: dict[str, bytes]


@cache
def load() -> dict[str, Asset]:
    """Every asset by its plain name. Raises GiveUp when the front end has not been built."""
    folder = files("lopan.web") / "static"
    found = {"icon.svg": _asset("icon.svg", (folder / "icon.svg").read_bytes())}
    for name in _NAMES:
        source = folder / "dist" / name
        if not source.is_file():
            raise GiveUp(f"{source} is missing: build the front end with `make assets`")
        found[name] = _asset(name, source.read_bytes())
    return found


def address(name: str) -> str:
    """The path to link to; changes whenever the content does."""
    return load()[name].address


async def serve(request: Request) -> Response:
    """Answer ``/static/{file}`` for current names only."""
    path = request.url.path
    asset = next((asset for asset in load().values() if asset.address == path), None)
    if asset is None:
        return Response("not found", 404, media_type="text/plain")
    coding = compress.choose(request.headers)
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"} | ({"Content-Encoding": coding} if coding else {})
    return Response(asset.bodies[coding], headers=headers, media_type=asset.media_type)


def _asset(name: str, body: bytes) -> Asset:
    stem, _, suffix = name.partition(".")
    digest = hashlib.sha256(body).hexdigest()[:12]
    bodies = {coding: compress.encode(body, coding, best=True) for coding in ("", "br", "gzip")}
    return Asset(f"/static/{stem}.{digest}.{suffix}", TYPES[suffix], bodies)
