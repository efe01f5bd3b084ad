"""Bytes of native JSON to events: whole batches at once, one by one only when something in them is wrong."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lopan.event.batch import BROKEN, items, read, split
from lopan.event.ids import is_uuid, pack
from lopan.event.types import TYPES, Event

_many = msgspec.json.Decoder(list[Event])
_one = msgspec.json.Decoder(Event)


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
    return read(body, _batch)


def _batch(body: bytes) -> Accepted:
    if body.lstrip()[:1] == b"[":
        try:
            events = _many.decode(body)
            pack([event.event_id for event in events if event.event_id])
            return Accepted(events, [])
        except BROKEN:
            pass
    return _each(items(body, "events", unless="type"))


def _each(raws: list[msgspec.Raw] | list[bytes]) -> Accepted:
    events: list[Event] = []
    refused: list[Refusal] = []
    for index, raw in enumerate(raws):
        try:
            event = _one.decode(raw)
        except BROKEN as error:
            refused.append(Refusal(index, *_said(str(error))))
            continue
        if event.event_id and not is_uuid(event.event_id):
            refused.append(Refusal(index, "event_id", "Expected a UUID of 32 hex digits, with or without dashes"))
        else:
            events.append(event)
    return Accepted(events, refused)


def _said(message: str) -> tuple[str, str]:
    field, reason = split(message)
    field = field or ("type" if "Invalid value" in reason else "event")
    if field == "type":
        reason = f"{reason}; known types: {', '.join(TYPES)}"
    return field, reason
