"""The envelope grammar: a header line, then item-header line and payload, again and again."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lopan.errors import Rejected
from lopan.ingest.sentry import lenient

MAX_ITEMS = 1_000


class Header(msgspec.Struct):
    """First line of an envelope; ``sent_at`` is the client's clock when it sent, RFC 3339 or Unix seconds."""

    event_id: str | None = None
    sent_at: str | float | None = None


class _ItemHeader(msgspec.Struct):
    type: str | None = None
    length: int | None = None


class Item(NamedTuple):
    """One item: its type, empty when the header names none, and its payload."""

    type: str
    payload: bytes


class Envelope(NamedTuple):
    """The items up to the first place that breaks the grammar; ``rest`` begins there and ``reason`` says how."""

    header: Header
    items: list[Item]
    rest: bytes = b""
    reason: str = ""


_header = msgspec.json.Decoder(Header)
_item_header = msgspec.json.Decoder(_ItemHeader)


def parse(body: bytes) -> Envelope:
    """Take an envelope apart. ``length`` and the last newline may be missing; unknown headers are skipped.

    Raises Rejected when the first line is no JSON object.
    """
    line, at = _line(body, 0)
    header = lenient.decode(_header, line)
    items: list[Item] = []
    while at < len(body):
        start = at
        line, at = _line(body, at)
        if not line.strip():
            continue
        if len(items) == MAX_ITEMS:
            return Envelope(header, items, body[start:], f"more than {MAX_ITEMS} items")
        try:
            item, at = _item(body, lenient.decode(_item_header, line), at)
        except Rejected as error:
            return Envelope(header, items, body[start:], error.reason)
        items.append(item)
    return Envelope(header, items)


def _item(body: bytes, header: _ItemHeader, at: int) -> tuple[Item, int]:
    if header.length is None:
        payload, at = _line(body, at)
        return Item(header.type or "", payload), at
    end = at + header.length
    if header.length < 0 or end > len(body):
        raise Rejected("length", f"is {header.length}, but {len(body) - at} bytes follow")
    after = body[end : end + 2]
    if after and not after.startswith((b"\n", b"\r\n")):
        raise Rejected("length", "the payload is not followed by a newline")
    return Item(header.type or "", body[at:end]), end + (2 if after[:1] == b"\r" else 1)


def _line(body: bytes, at: int) -> tuple[bytes, int]:
    """The bytes from ``at`` to the next newline, and where the next line begins."""
    end = body.find(b"\n", at)
    return (body[at:], len(body)) if end < 0 else (body[at:end], end + 1)
