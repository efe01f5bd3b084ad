"""Request bodies: received and decompressed under caps, so that no request costs more memory than it may."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import cramjam
import numpy as np

from lopan.errors import Rejected

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

PLACE = "Content-Encoding"
CODINGS = ("gzip", "br", "zstd", "deflate", "identity")
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_TEXT = b"{[ \t\r\n\xef\"'-0123456789"
_FULL = "failed to write whole buffer"
_EXPANSION = 32
_MEMBERS = 16
_FIRST = 65_536


class TooLarge(Rejected):
    """A body over its cap, as sent or as decompressed: answer 413."""

    def __init__(self, cap: int, decompressed: bool) -> None:
        what = "decompressed body" if decompressed else "body"
        super().__init__("body", f"the {what} is over {cap:,} bytes; send smaller batches")


class Broken(Rejected):
    """Bytes that are not what their ``Content-Encoding`` says, or only the beginning of it: answer 400."""

    def __init__(self, coding: str, reason: str) -> None:
        super().__init__(PLACE, f"the {coding} body is {reason}")


class Disconnected(Rejected):
    """The client went away before the whole body had arrived; there is nobody left to answer."""


async def receive_body(receive: Receive, cap: int) -> bytes:
    """All of an ASGI request's body; raises TooLarge as soon as ``cap`` bytes are passed, and Disconnected."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected("body", "the connection was closed before its end")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > cap:
            raise TooLarge(cap, decompressed=False)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decompress(body: bytes, encoding: str, cap: int) -> bytes:
    """The body as it was before ``encoding`` (gzip, br, zstd, deflate, identity; empty = identity).

    Magic bytes win over the header, because proxies unpack bodies and forget the header, or the other way round.
    Raises TooLarge before more than ``cap`` bytes exist, Rejected when the bytes are broken or cut short.
    """
    coding = _coding(body, encoding)
    if coding == "identity":
        if len(body) > cap:
            raise TooLarge(cap, decompressed=True)
        return body
    try:
        return _unpack[coding](body, cap)
    except Broken:
        if coding not in _MAGIC.values() and body[:1] in (b"{", b"["):
            return decompress(body, "identity", cap)
        raise


def _coding(body: bytes, encoding: str) -> str:
    for magic, coding in _MAGIC.items():
        if body.startswith(magic):
            return coding
    named = [name for name in (part.strip().lower() for part in encoding.split(",")) if name not in ("", "identity")]
    if not named:
        return "identity"
    coding = named[0].removeprefix("x-")
    if len(named) > 1 or coding not in CODINGS:
        raise Rejected(PLACE, f"{encoding[:100]!r} is not known; use one of {', '.join(CODINGS)}")
    if coding in _MAGIC.values():
        if not body or body[0] in _TEXT:
            return "identity"
        raise Broken(coding, f"not {coding}: it begins otherwise")
    return coding


def _members(body: bytes, cap: int) -> bytes:
    """All members of a gzip stream: one is the rule, and every further one costs a copy of the rest."""
    out = b""
    for _ in range(_MEMBERS):
        engine = zlib.decompressobj(wbits=31)
        part = _inflate(engine, "gzip", body, cap - len(out), cap)
        out = out + part if out else part
        body = engine.unused_data.lstrip(b"\0")
        if not body:
            return out
    raise Broken("gzip", f"in more than {_MEMBERS} members")


def _deflate(body: bytes, cap: int) -> bytes:
    """RFC 9110 means zlib by ``deflate``, many clients send raw deflate: the two header bytes tell them apart."""
    wrapped = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _inflate(zlib.decompressobj(wbits=15 if wrapped else -15), "deflate", body, cap, cap)


def _inflate(engine: zlib._Decompress, coding: str, body: bytes, room: int, cap: int) -> bytes:
    try:
        out = engine.decompress(body, room + 1)
    except zlib.error as error:
        raise Broken(coding, f"broken: {error}") from None
    if len(out) > room:
        raise TooLarge(cap, decompressed=True)
    if not engine.eof:
        raise Broken(coding, "cut short")
    return out


def _into(coding: str, engine: Any, body: bytes, cap: int) -> bytes:
    """Decompress into a buffer of fixed size: a likely one first, then ``cap`` bytes, whose pages cost when used."""
    if not body:
        raise Broken(coding, "cut short")
    for size in sorted({min(cap, max(_FIRST, len(body) * _EXPANSION)), cap}):
        room = np.empty(size, np.uint8)
        try:
            return room[: engine.decompress_into(body, room)].tobytes()
        except cramjam.DecompressionError as error:
            if str(error) != _FULL:
                raise Broken(coding, f"broken or cut short: {error}") from None
    raise TooLarge(cap, decompressed=True)


_unpack: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _members,
    "deflate": _deflate,
    "br": partial(_into, "br", cramjam.brotli),
    "zstd": partial(_into, "zstd", cramjam.zstd),
}
