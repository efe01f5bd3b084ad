"""The shapes in which JSON comes in batches: one object, an array, one a line, or under a name; and what is wrong."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import TypeVar

import msgspec

from lopan.errors import Rejected

BROKEN = (ValueError, RecursionError)
"""What decoding raises: msgspec's errors and UnicodeDecodeError are ValueErrors."""

Outcome = TypeVar("Outcome")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_place = re.compile(r"^(.*?)(?: - at `(?:key in )?\$\.?([^`]*)`)?$", re.DOTALL)


def read(body: bytes, work: Callable[[bytes], Outcome]) -> Outcome:
    """What ``work`` makes of ``body`` without a byte order mark.

    Python's JSON has NaN and Infinity: where these are in the way they become null, so they cost their own item only.
    """
    body = body.removeprefix(BOM_UTF8)
    try:
        return work(body)
    except Rejected:
        if b"NaN" not in body and b"Infinity" not in body:
            raise
        finite = _finite(body)
        if finite is None:
            raise
        return work(finite)


def items(body: bytes, under: str, unless: str) -> list[msgspec.Raw] | list[bytes]:
    """Every item as it came: of an array, of lines, of the array ``under`` that name, or the one object.

    An object with ``unless`` is an item itself. Raises Rejected when the body as a whole is none of these.
    """
    start = body.lstrip()[:1]
    if not start:
        raise Rejected("body", f"is empty; send one JSON object, an array of them, or one a line ({under})")
    try:
        if start == b"[":
            return _raws.decode(body)
        whole = _object.decode(body)
    except BROKEN as error:
        lines = [line for line in body.splitlines() if line.strip()]
        if start == b"[" or len(lines) < 2:
            raise Rejected("body", f"is not valid JSON: {error}") from None
        return lines
    if under in whole and unless not in whole:
        try:
            return _raws.decode(whole[under])
        except BROKEN as error:
            raise Rejected(under, split(str(error))[1]) from None
    return [body]


def split(message: str) -> tuple[str, str]:
    """Take msgspec's ``reason - at `$.field` `` apart; a missing or unknown field is named by the reason itself."""
    match = _place.match(message)
    reason, field = (match.group(1), match.group(2)) if match else (message, None)
    if not field:
        named = re.search(r"(?:required|unknown) field `([^`]+)`", reason)
        field = named.group(1) if named else ""
    return field, reason


def _finite(body: bytes) -> bytes | None:
    try:
        return msgspec.json.encode(json.loads(body))
    except BROKEN:
        return None
