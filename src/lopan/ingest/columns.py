"""Events to Arrow: one record batch a commit group, columns that no event fills left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from lopan.event import TYPES, Event, Session
from lopan.event.ids import NOTHING, digests, pack
from lopan.event.types import Base

TIME = pa.timestamp("ms", "UTC")
ID = pa.binary(16)

SCHEMA: dict[str, pa.DataType] = {
    "project": pa.uint32(),
    "type": pa.utf8(),
    "time": TIME,
    "received": TIME,
    "event_id": ID,
    "release": pa.utf8(),
    "build": pa.utf8(),
    "environment": pa.utf8(),
    "os": pa.utf8(),
    "device": pa.utf8(),
    "install": pa.utf8(),
    "user": pa.utf8(),
    "customer": pa.utf8(),
    "role": pa.utf8(),
    "session": ID,
    "screen": pa.utf8(),
    "attributes": pa.utf8(),
    "kind": pa.utf8(),
    "duration_s": pa.float64(),
    "frames": pa.uint32(),
    "slow": pa.uint32(),
    "frozen": pa.uint32(),
    "hitch_ms": pa.float64(),
    "refresh_rate": pa.float64(),
    "footprint_mb": pa.float64(),
    "peak_mb": pa.float64(),
    "exception": pa.utf8(),
    "message": pa.utf8(),
    "stack": pa.utf8(),
    "signal": pa.utf8(),
    "level": pa.utf8(),
    "status": pa.utf8(),
    "status_code": pa.uint16(),
    "started": TIME,
    "errors": pa.uint32(),
    "count": pa.uint32(),
    "feature": pa.utf8(),
    "action": pa.utf8(),
    "workflow": pa.utf8(),
    "instance": pa.utf8(),
    "step": pa.utf8(),
    "survey": pa.utf8(),
    "scale": pa.utf8(),
    "score": pa.float64(),
    "comment": pa.utf8(),
    "host": pa.utf8(),
    "route": pa.utf8(),
    "method": pa.utf8(),
    "category": pa.utf8(),
    "severity": pa.utf8(),
    "detail": pa.utf8(),
    "component": pa.utf8(),
    "state": pa.utf8(),
    "metric": pa.utf8(),
    "before": pa.float64(),
    "after": pa.float64(),
}
"""Every column a record may have, in the order of the table."""

_COMMON = ("release", "build", "environment", "os", "device", "install", "user", "customer", "role", "screen")
_get: dict[str, Callable[[Any], Any]] = {name: attrgetter(name) for name in (*_COMMON, "time", "event_id", "session")}


class Arrival(NamedTuple):
    """Events of one request: whose they are and when they came."""

    project: int
    received: datetime
    events: Sequence[Event]


class Own(NamedTuple):
    """How one own field of an event type becomes a column."""

    column: str
    take: Callable[[Any], Any]
    divisor: float = 1.0


def _own(kind: type[Base]) -> list[Own]:
    rename = {"duration_ms": "duration_s", "scrolling": "kind"}
    own = []
    for field in msgspec.structs.fields(kind):
        name = field.name
        if name in Base.__struct_fields__:
            continue
        if name == "status" and kind is TYPES["network"]:
            own.append(Own("status_code", attrgetter("status")))
        elif name == "frames" and kind is not TYPES["frame_stats"]:
            own.append(Own("stack", lambda event: "\n".join(event.frames)))
        elif name == "scrolling":
            own.append(Own("kind", lambda event: "scrolling" if event.scrolling else "still"))
        else:
            own.append(Own(rename.get(name, name), attrgetter(name), 1_000.0 if name == "duration_ms" else 1.0))
    return own


_OWN: dict[type[Base], list[Own]] = {kind: _own(kind) for kind in TYPES.values()}
_NAME: dict[type[Base], str] = {kind: name for name, kind in TYPES.items()}


def record(arrivals: Iterable[Arrival]) -> pa.RecordBatch:
    """One batch of all the events, grouped by type (the order within a record has no meaning)."""
    groups: dict[type[Base], list[Any]] = {}
    sources: dict[type[Base], list[tuple[int, int, datetime]]] = {}
    for project, received, events in arrivals:
        for event in events:
            kind: type[Base] = event.__class__
            try:
                groups[kind].append(event)
            except KeyError:
                groups[kind] = [event]
        for kind, group in groups.items():
            runs = sources.setdefault(kind, [])
            fresh = len(group) - sum(run[0] for run in runs)
            if fresh:
                runs.append((fresh, project, received))
    return _columns(groups, sources)


def _complete(sessions: list[Session]) -> None:
    """Give a session its missing identity and start, so that the spooled record says all there is to say."""
    for session in sessions:
        if not session.session:
            session.session = session.event_id or uuid4().hex
        if session.started is None:
            session.started = session.time - timedelta(seconds=session.duration_s)


def _columns(
    groups: dict[type[Base], list[Any]], sources: dict[type[Base], list[tuple[int, int, datetime]]]
) -> pa.RecordBatch:
    _complete(groups.get(Session, []))
    events = [event for group in groups.values() for event in group]
    runs = [run for kind in groups for run in sources[kind]]
    columns: dict[str, pa.Array] = {
        "project": _repeat([(n, project) for n, project, _ in runs], pa.uint32()),
        "type": _repeat([(len(group), _NAME[kind]) for kind, group in groups.items()], pa.utf8()),
        "time": pa.array(list(map(_get["time"], events)), TIME),
        "received": _repeat([(n, received) for n, _, received in runs], TIME),
        "event_id": _event_ids(list(map(_get["event_id"], events))),
        "session": _ids(digests(list(map(_get["session"], events)))),
    }
    for name in _COMMON:
        values = list(map(_get[name], events))
        if any(values):
            columns[name] = pa.array(values, pa.utf8())
    if any(event.attributes for event in events):
        columns["attributes"] = pa.array(
            [msgspec.json.encode(event.attributes) if event.attributes else b"" for event in events], pa.binary()
        ).cast(pa.utf8())
    columns |= _own_columns(groups, len(events))
    return pa.record_batch(columns)


def _own_columns(groups: dict[type[Base], list[Any]], total: int) -> dict[str, pa.Array]:
    parts: dict[str, list[tuple[int, pa.Array]]] = {}
    at = 0
    for kind, group in groups.items():
        for column, take, divisor in _OWN[kind]:
            values = pa.array(list(map(take, group)), SCHEMA[column])
            parts.setdefault(column, []).append((at, values if divisor == 1.0 else pc.divide(values, divisor)))
        at += len(group)
    return {column: _spread(pieces, total) for column, pieces in parts.items()}


def _spread(pieces: list[tuple[int, pa.Array]], total: int) -> pa.Array:
    """Put pieces at their offsets and nulls between them."""
    filled: list[pa.Array] = []
    at = 0
    kind = pieces[0][1].type
    for offset, piece in pieces:
        if offset > at:
            filled.append(pa.nulls(offset - at, kind))
        filled.append(piece)
        at = offset + len(piece)
    if at < total:
        filled.append(pa.nulls(total - at, kind))
    return filled[0] if len(filled) == 1 else pa.concat_arrays(filled)


def _repeat(runs: list[tuple[int, Any]], kind: pa.DataType) -> pa.Array:
    return pa.concat_arrays([pa.repeat(pa.scalar(value, kind), count) for count, value in runs])


def _event_ids(texts: list[str]) -> pa.Array:
    if all(texts):
        return _ids(pack(texts))
    return pa.array([pack([text]) if text else None for text in texts], ID)


def _ids(packed: bytes) -> pa.Array:
    return pa.Array.from_buffers(ID, len(packed) // len(NOTHING), [None, pa.py_buffer(packed)])
