"""Events to columns: one record a request or commit group, columns that no event fills left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pyarrow as pa

from lopan.event import TYPES, Event, Session
from lopan.event.ids import NOTHING, digests, pack
from lopan.event.types import Base
from lopan.ingest.arrays import CODES, ID, TIME, Pieces, filled, milliseconds, runs, texts, write
from lopan.spool import Fixed, Record

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
    "previous": pa.utf8(),
    "directive": pa.utf8(),
    "outcome": pa.utf8(),
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


_Convert = Callable[[Sequence[Any]], Sequence[Any]]


class _Own(NamedTuple):
    """How one own field of an event type becomes a column; ``position`` in the struct, ``code`` "" for text."""

    column: str
    position: int
    code: str
    convert: _Convert | None = None


def _own(kind: type[Base]) -> list[_Own]:
    own = []
    for position, name in enumerate(kind.__struct_fields__):
        if name in _POSITION:
            continue
        column = name
        convert: _Convert | None = None
        if name == "duration_ms":
            column, convert = "duration_s", _seconds
        elif name == "status" and kind is TYPES["network"]:
            column = "status_code"
        elif name == "frames" and kind is not TYPES["frame_stats"]:
            column, convert = "stack", _lines
        elif name == "scrolling":
            column, convert = "kind", _scrolling
        elif SCHEMA[name] == TIME:
            convert = _milliseconds
        own.append(_Own(column, position, CODES.get(SCHEMA[column], ""), convert))
    return own


def _seconds(values: Sequence[float]) -> list[float]:
    return [value / 1_000 for value in values]


def _milliseconds(values: Sequence[datetime]) -> list[int]:
    found: list[int] = milliseconds(values).tolist()
    return found


def _lines(values: Sequence[list[str]]) -> list[str]:
    return ["\n".join(frames) for frames in values]


def _scrolling(values: Sequence[bool]) -> list[str]:
    return ["scrolling" if value else "still" for value in values]


_OWN: dict[type[Base], list[_Own]] = {kind: _own(kind) for kind in TYPES.values()}
_NAME: dict[type[Base], str] = {kind: name for name, kind in TYPES.items()}


class _Group(NamedTuple):
    """Events of one type, and the (count, project, received) of the requests they came with, in order."""

    events: list[Any]
    runs: list[tuple[int, int, datetime]]


def record(arrivals: Iterable[Arrival]) -> Record:
    """One record of all the events, grouped by type (the order within a record has no meaning)."""
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
    return _columns(groups)


def _complete(sessions: list[Session]) -> None:
    """Give a session its missing identity and start, so that the spooled record says all there is to say."""
    for session in sessions:
        if not session.session:
            session.session = session.event_id or uuid4().hex
        if session.started is None:
            session.started = session.time - timedelta(seconds=session.duration_s)


def _columns(groups: dict[type[Base], _Group]) -> Record:
    """Structs to tuples to columns in C, a type at a time; a getter for each field would cost twice as much."""
    total = sum(len(group.events) for group in groups.values())
    common: list[list[Any]] = [[] for _ in _POSITION]
    numbers: dict[str, tuple[str, bytearray]] = {}
    words: dict[str, Pieces] = {"type": []}
    at = 0
    for kind, group in groups.items():
        fields = list(zip(*map(msgspec.structs.astuple, group.events), strict=True))
        for collected, field in zip(common, fields, strict=False):
            collected.extend(field)
        words["type"].append((at, [_NAME[kind]] * len(group.events)))
        for column, position, code, convert in _OWN[kind]:
            values = fields[position] if convert is None else convert(fields[position])
            if code:
                if column not in numbers:
                    numbers[column] = code, filled(code, total, DEFAULTS.get(column, 0))
                write(code, numbers[column][1], at, values)
            else:
                words.setdefault(column, []).append((at, values))
        at += len(group.events)
    for name in _COMMON:
        values = common[_POSITION[name]]
        if any(values):
            words[name] = [(0, values)]
    attributes = common[_POSITION["attributes"]]
    if any(attributes):
        words["attributes"] = [(0, [msgspec.json.encode(one).decode() if one else "" for one in attributes])]
    fixed = _fixed(groups, common) | {name: Fixed(*column) for name, column in numbers.items()}
    return Record(total, fixed, texts(words, total))


def _fixed(groups: dict[type[Base], _Group], common: list[list[Any]]) -> dict[str, Fixed]:
    arrived = [run for group in groups.values() for run in group.runs]
    given = common[_POSITION["event_id"]]
    packed = pack(given) if all(given) else b"".join(pack([text]) if text else NOTHING for text in given)
    return {
        "project": Fixed("I", runs("I", [(count, project) for count, project, _ in arrived])),
        "time": Fixed("q", milliseconds(common[_POSITION["time"]])),
        "received": Fixed("q", runs("q", [(count, round(at.timestamp() * 1_000)) for count, _, at in arrived])),
        "event_id": Fixed("u", packed),
        "session": Fixed("u", digests(common[_POSITION["session"]])),
    }
