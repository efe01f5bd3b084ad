"""Events to Arrow: one record batch a commit group, columns that no event fills left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pyarrow as pa

from lopan.event import TYPES, Event, Session
from lopan.event.ids import NOTHING, digests, pack
from lopan.event.types import Base
from lopan.ingest import arrays
from lopan.ingest.arrays import ID, TIME, Numbers, Texts, sparse

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
"""Every column a record may have, in the order of the table; none holds nulls."""

DEFAULTS = {"count": 1}
"""What a row without a value has where it is not 0 or the empty text."""

_COMMON = ("release", "build", "environment", "os", "device", "install", "user", "customer", "role", "screen")
_POSITION = {name: position for position, name in enumerate(Base.__struct_fields__)}


class Arrival(NamedTuple):
    """Events of one request: whose they are and when they came."""

    project: int
    received: datetime
    events: list[Event]


class _Own(NamedTuple):
    """How one own field of an event type becomes a column; ``position`` in the struct."""

    column: str
    position: int
    convert: Callable[[Sequence[Any]], Sequence[Any]] | None = None


def _own(kind: type[Base]) -> list[_Own]:
    own = []
    for position, name in enumerate(kind.__struct_fields__):
        if name in _POSITION:
            continue
        if name == "duration_ms":
            own.append(_Own("duration_s", position, lambda values: [value / 1_000 for value in values]))
        elif name == "status" and kind is TYPES["network"]:
            own.append(_Own("status_code", position))
        elif name == "frames" and kind is not TYPES["frame_stats"]:
            own.append(_Own("stack", position, lambda values: ["\n".join(frames) for frames in values]))
        elif name == "scrolling":
            own.append(_Own("kind", position, lambda values: ["scrolling" if value else "still" for value in values]))
        else:
            own.append(_Own(name, position))
    return own


_OWN: dict[type[Base], list[_Own]] = {kind: _own(kind) for kind in TYPES.values()}
_NAME: dict[type[Base], str] = {kind: name for name, kind in TYPES.items()}


class _Group(NamedTuple):
    """Events of one type, and the (count, project, received) of the requests they came with, in order."""

    events: list[Any]
    runs: list[tuple[int, int, datetime]]


def record(arrivals: Iterable[Arrival]) -> pa.RecordBatch:
    """One batch of all the events, grouped by type (the order within a record has no meaning)."""
    groups: dict[type[Base], _Group] = {}
    for project, received, events in arrivals:
        before = {kind: len(group.events) for kind, group in groups.items()}
        for event in events:
            kind: type[Base] = event.__class__
            try:
                groups[kind].events.append(event)
            except KeyError:
                groups[kind] = _Group([event], [])
        for kind, group in groups.items():
            if fresh := len(group.events) - before.get(kind, 0):
                group.runs.append((fresh, project, received))
    if Session in groups:
        _complete(groups[Session].events)
    return pa.record_batch(_columns(groups))


def _complete(sessions: list[Session]) -> None:
    """Give a session its missing identity and start, so that the spooled record says all there is to say."""
    for session in sessions:
        if not session.session:
            session.session = session.event_id or uuid4().hex
        if session.started is None:
            session.started = session.time - timedelta(seconds=session.duration_s)


def _columns(groups: dict[type[Base], _Group]) -> dict[str, pa.Array]:
    """Structs to tuples to columns in C, a type at a time; a getter for each field would cost twice as much."""
    total = sum(len(group.events) for group in groups.values())
    common: list[list[Any]] = [[] for _ in _POSITION]
    own: dict[str, Numbers | Texts] = {}
    at = 0
    for kind, group in groups.items():
        fields = list(zip(*map(msgspec.structs.astuple, group.events), strict=True))
        for collected, field in zip(common, fields, strict=False):
            collected.extend(field)
        for column, position, convert in _OWN[kind]:
            values = fields[position] if convert is None else convert(fields[position])
            if column not in own:
                own[column] = sparse(SCHEMA[column], total, DEFAULTS.get(column, 0))
            own[column].put(at, values)
        at += len(group.events)
    columns = _origin(groups) | _identity(common)
    for name in _COMMON:
        values = common[_POSITION[name]]
        if any(values):
            columns[name] = arrays.texts(values)
    attributes = common[_POSITION["attributes"]]
    if any(attributes):
        columns["attributes"] = arrays.texts([msgspec.json.encode(one).decode() if one else "" for one in attributes])
    return columns | {name: filled.array() for name, filled in own.items()}


def _origin(groups: dict[type[Base], _Group]) -> dict[str, pa.Array]:
    runs = [run for group in groups.values() for run in group.runs]
    counts = [count for count, _, _ in runs]
    types: list[str] = []
    for kind, group in groups.items():
        types.extend(repeat(_NAME[kind], len(group.events)))
    return {
        "project": arrays.runs(pa.uint32(), [project for _, project, _ in runs], counts),
        "type": arrays.texts(types),
        "received": arrays.runs(TIME, [round(received.timestamp() * 1_000) for _, _, received in runs], counts),
    }


def _identity(common: list[list[Any]]) -> dict[str, pa.Array]:
    given = common[_POSITION["event_id"]]
    packed = pack(given) if all(given) else b"".join(pack([text]) if text else NOTHING for text in given)
    return {
        "time": arrays.times(common[_POSITION["time"]]),
        "event_id": arrays.ids(packed),
        "session": arrays.ids(digests(common[_POSITION["session"]])),
    }
