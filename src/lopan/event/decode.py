"""Bytes of native JSON to events: whole batches at once, one by one only when something in them is wrong."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from typing import NamedTuple

import msgspec

from lopan.errors import Rejected
from lopan.event.ids import is_uuid, pack
from lopan.event.types import TYPES, Event

_many = msgspec.json.Decoder(list[Event])
_one = msgspec.json.Decoder(Event)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class _Wrapped(msgspec.Struct):
    events: list[msgspec.Raw]


_wrapped = msgspec.json.Decoder(_Wrapped)
_BROKEN = (ValueError, RecursionError)  # msgspec's errors and UnicodeDecodeError are ValueErrors
_place = re.compile(r"^(.*?)(?: - at `(?:key in )?\$\.?([^`]*)`)?$", re.DOTALL)


class Refusal(msgspec.Struct, frozen=True):
    """Why one event of a batch was refused: its position in the batch, the field and what was expected there."""

    index: int
    field: str
    reason: str


class Accepted(NamedTuple):
    """Outcome of a batch: the good events in order, and a refusal for every other one."""

    events: list[Event]
    refused: list[Refusal]


def decode_batch(body: bytes) -> Accepted:
    """Decode one object, an array, NDJSON or ``{"events": [...]}``.

    Raises Rejected when the body as a whole is not JSON of one of these shapes.
    """
    body = body.removeprefix(BOM_UTF8)
    try:
        return _batch(body)
    except Rejected:
        if b"NaN" not in body and b"Infinity" not in body:
            raise
        finite = _finite(body)
        if finite is None:
            raise
        return _batch(finite)


def _batch(body: bytes) -> Accepted:
    start = body.lstrip()[:1]
    if not start:
        raise Rejected("body", "is empty; send one JSON event, an array of them, or one a line")
    if start == b"[":
        return _array(body)
    return _object_or_lines(body)


def _finite(body: bytes) -> bytes | None:
    """Python's JSON with NaN and Infinity as null, so they cost their own event only; None when still not JSON."""
    try:
        return msgspec.json.encode(json.loads(body))
    except _BROKEN:
        return None


def _array(body: bytes) -> Accepted:
    try:
        events = _many.decode(body)
        pack([event.event_id for event in events if event.event_id])
        return Accepted(events, [])
    except _BROKEN:
        pass
    try:
        return _each(_raws.decode(body))
    except _BROKEN as error:
        raise Rejected("body", f"is not valid JSON: {error}") from None


def _object_or_lines(body: bytes) -> Accepted:
    try:
        whole = _object.decode(body)
    except _BROKEN as error:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise Rejected("body", f"is not valid JSON: {error}") from None
        return _each(lines)
    if "events" in whole and "type" not in whole:
        try:
            return _each(_wrapped.decode(body).events)
        except _BROKEN as error:
            raise Rejected("events", _split(str(error))[1]) from None
    return _each([body])


def _each(raws: list[msgspec.Raw] | list[bytes]) -> Accepted:
    events: list[Event] = []
    refused: list[Refusal] = []
    for index, raw in enumerate(raws):
        try:
            event = _one.decode(raw)
        except _BROKEN as error:
            field, reason = _split(str(error))
            refused.append(Refusal(index, field, reason))
            continue
        if event.event_id and not is_uuid(event.event_id):
            refused.append(Refusal(index, "event_id", "Expected a UUID of 32 hex digits, with or without dashes"))
        else:
            events.append(event)
    return Accepted(events, refused)


def _split(message: str) -> tuple[str, str]:
    """Take msgspec's ``reason - at `$.field` `` apart; a missing or unknown field is named by the reason itself."""
    match = _place.match(message)
    reason, field = (match.group(1), match.group(2)) if match else (message, None)
    if not field:
        missing = re.search(r"required field `([^`]+)`", reason)
        field = missing.group(1) if missing else ("type" if "Invalid value" in reason else "")
    if field == "type":
        reason = f"{reason}; known types: {', '.join(TYPES)}"
    return field or "event", reason
