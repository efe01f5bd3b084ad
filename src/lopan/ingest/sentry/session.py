"""Release health: updates of single sessions, and counts of sessions that have no names."""

from __future__ import annotations

from typing import Literal

import msgspec

from lopan.errors import Rejected
from lopan.event import Event, Session
from lopan.ingest.sentry import fields, lenient, wire
from lopan.ingest.sentry.fields import Sending

Status = Literal["ok", "exited", "crashed", "abnormal"]

_session = msgspec.json.Decoder(wire.Session)
_sessions = msgspec.json.Decoder(wire.Sessions)
_STATUSES: dict[str | None, Status] = {
    None: "ok",
    "ok": "ok",
    "exited": "exited",
    "errored": "exited",
    "crashed": "crashed",
    "abnormal": "abnormal",
}
_LONGEST = 8_640_000.0
_MAX_AGGREGATES = 10_000


def read(payload: bytes, sending: Sending) -> list[Event]:
    """One update with all that is known of its session; raises Rejected without ``sid`` or with another status."""
    update = lenient.decode(_session, payload)
    if not update.sid:
        raise Rejected("sid", "is missing")
    if update.status not in _STATUSES:
        raise Rejected("status", f"{str(update.status)[:50]!r} is none of ok, exited, crashed, abnormal")
    status = _STATUSES[update.status]
    sid = fields.event_id(update.sid)
    started = fields.moment(update.started, sending) if update.started is not None else None
    at = fields.moment(update.timestamp, sending, default=started)
    errors = fields.count(update.errors)
    attrs = update.attrs or wire.SessionAttributes()
    did = fields.word(update.did)
    # A clock that stands still and a sequence that starts again have both been seen: neither alone tells updates apart.
    state = f"{sending.project}/{update.seq}/{status}/{errors}/{update.timestamp}"
    return [
        Session(
            time=at,
            event_id=fields.derive(sid, state),
            release=fields.word(attrs.release),
            environment=fields.word(attrs.environment),
            install=did,
            user=did,
            session=sid,
            status=status,
            started=started,
            duration_s=0.0 if status == "ok" else _duration(update, (at - (started or at)).total_seconds()),
            errors=max(errors, 1) if status in ("crashed", "abnormal") or update.status == "errored" else errors,
            attributes={"abnormal_mechanism": fields.word(update.abnormal_mechanism)}
            if update.abnormal_mechanism
            else None,
        )
    ]


def read_aggregates(payload: bytes, sending: Sending) -> list[Event]:
    """One counted Session for each count above zero; without an id, since equal counts may be sent twice on purpose."""
    sessions = lenient.decode(_sessions, payload)
    attrs = sessions.attrs or wire.SessionAttributes()
    aggregates = sessions.aggregates or []
    if len(aggregates) > _MAX_AGGREGATES:
        raise Rejected("aggregates", f"are more than {_MAX_AGGREGATES}")
    events: list[Event] = []
    for aggregate in aggregates:
        if aggregate is not None:
            events.extend(_counted(aggregate, attrs, sending))
    return events


def _counted(aggregate: wire.Aggregate, attrs: wire.SessionAttributes, sending: Sending) -> list[Event]:
    started = fields.moment(aggregate.started, sending)
    did = fields.word(aggregate.did)
    ended: list[tuple[Status, int, int | None]] = [
        ("exited", 0, aggregate.exited),
        ("exited", 1, aggregate.errored),
        ("crashed", 1, aggregate.crashed),
        ("abnormal", 1, aggregate.abnormal),
    ]
    return [
        Session(
            time=started,
            release=fields.word(attrs.release),
            environment=fields.word(attrs.environment),
            install=did,
            user=did,
            status=status,
            started=started,
            errors=errors,
            count=fields.count(number),
        )
        for status, errors, number in ended
        if number is not None and number > 0
    ]


def _duration(update: wire.Session, elapsed: float) -> float:
    """What the client measured, else from start to last update; many clients leave it out."""
    return min(max(elapsed if update.duration is None else update.duration, 0.0), _LONGEST)
