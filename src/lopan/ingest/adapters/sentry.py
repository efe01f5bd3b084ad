"""The Sentry protocol, ``/api/<n>/envelope/`` and ``/api/<n>/store/``: its clients send once and never again.

So nothing is refused here: what can't be read is kept with its reason, and one broken item costs no other.
"""

from __future__ import annotations

import msgspec

from lopan.errors import Rejected
from lopan.event import Event
from lopan.ingest.adapters.base import Payload, Reading, Unread
from lopan.ingest.sentry import envelope, error, feedback, fields, lenient, session, transaction, wire
from lopan.ingest.sentry.envelope import Envelope, Header, Item
from lopan.ingest.sentry.fields import Sending

NO_USE = frozenset(
    {"attachment", "profile", "profile_chunk", "replay_event", "replay_recording", "replay_video", "statsd"}
)
"""Item types that are counted and let go: large, and nothing of ours is in them."""

_report = msgspec.json.Decoder(wire.ClientReport)


def read(payload: Payload) -> Reading:
    """All items of an envelope, or the one event of ``/store/``; never raises, unread bytes are in ``unread``."""
    try:
        parts = _single(payload.body) if payload.item == "store" else envelope.parse(payload.body)
    except Rejected as problem:
        return Reading(unread=[Unread("sentry", payload.body, str(problem))])
    reading = Reading(event_id=fields.event_id(parts.header.event_id))
    sending = Sending(payload.received, fields.skew(parts.header.sent_at, payload.received), payload.project)
    for index, item in enumerate(parts.items):
        fallback = reading.event_id if index == 0 else fields.derive(reading.event_id, f"item/{index}")
        try:
            _read_item(item, sending, fallback, reading)
        except Rejected as problem:
            reading.unread.append(Unread(f"sentry/{fields.word(item.type)}", item.payload, str(problem)))
    if parts.rest:
        reading.unread.append(Unread("sentry", parts.rest, parts.reason))
    return reading


def _single(body: bytes) -> Envelope:
    return Envelope(Header(), [Item("event", body)])


def _read_item(item: Item, sending: Sending, fallback: str, reading: Reading) -> None:
    if item.type in NO_USE:
        _drop(reading, item.type)
        return
    if item.type == "client_report":
        _lost(item.payload, reading)
        return
    events = _events(item, sending, fallback)
    if not events:
        _drop(reading, item.type)
    reading.events.extend(events)
    reading.event_id = reading.event_id or next((event.event_id for event in events if item.type == "event"), "")


def _events(item: Item, sending: Sending, fallback: str) -> list[Event]:
    match item.type:
        case "event" | "feedback":
            return _event(item, sending, fallback)
        case "session":
            return session.read(item.payload, sending)
        case "sessions":
            return session.read_aggregates(item.payload, sending)
        case "transaction":
            return transaction.read(item.payload, sending, fallback)
        case "user_report":
            raise Rejected("user_report", "has no score; kept for the one who wants to read it")
        case _:
            raise Rejected(fields.word(item.type) or "item", "not understood yet")


def _event(item: Item, sending: Sending, fallback: str) -> list[Event]:
    event = error.decode(item.payload)
    if item.type == "feedback" or event.type == "feedback":
        return feedback.read(event, sending, fallback)
    if event.type == "transaction":
        return transaction.read(item.payload, sending, fallback)
    return error.read(event, sending, fallback)


def _lost(payload: bytes, reading: Reading) -> None:
    for entry in lenient.decode(_report, payload).discarded_events or ():
        if entry is not None and entry.quantity and entry.quantity > 0:
            name = f"{fields.word(entry.category) or 'unknown'}/{fields.word(entry.reason) or 'unknown'}"
            reading.lost[name] = reading.lost.get(name, 0) + fields.count(entry.quantity)


def _drop(reading: Reading, kind: str) -> None:
    reading.dropped[kind] = reading.dropped.get(kind, 0) + 1
