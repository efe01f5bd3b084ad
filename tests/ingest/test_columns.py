"""A record says exactly what the events said, whatever mixture of types and projects a group holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.event import TYPES, Crash, Event, FrameStats, Memory, Network, Session
from lopan.event.ids import NOTHING, digest
from lopan.ingest.columns import SCHEMA, Arrival, record
from lopan.ingest.rows import record_of, table
from lopan.spool.record import decode, encode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

words = st.text(max_size=20)
moments = st.integers(0, 10**9).map(lambda ms: NOW - timedelta(milliseconds=ms))
common = {
    "time": moments,
    "event_id": st.just("") | st.uuids().map(str),
    "release": words,
    "user": words,
    "session": words | st.uuids().map(str),
    "screen": words,
}


def some(kind: type[Event], **own: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    return st.builds(kind, **common, **own)


amounts = st.floats(0, 1e6, allow_nan=False)
events = st.one_of(
    some(Memory, footprint_mb=amounts),
    some(Network, host=st.just("api"), status=st.integers(0, 999), duration_ms=amounts),
    some(FrameStats, duration_s=st.floats(0.01, 100), frames=st.integers(0, 10**6), scrolling=st.booleans()),
    some(Crash, frames=st.lists(st.text(max_size=10), max_size=3)),
    some(Session, status=st.just("exited"), started=moments),
)


@given(st.lists(st.tuples(st.integers(1, 3), st.lists(events, max_size=6)), min_size=1, max_size=5))
def test_every_event_becomes_one_row_that_says_the_same(groups: list[tuple[int, list[Event]]]) -> None:
    arrivals = [Arrival(project, NOW, batch) for project, batch in groups if batch]
    if not arrivals:
        return
    batch = table([record(arrivals)])
    assert all(batch.schema.field(name).type == SCHEMA[name] for name in batch.schema.names)
    rows = batch.to_pylist()
    expected = [(project, event) for project, received, batch in arrivals for event in batch]
    assert sorted(map(_row_key, rows), key=repr) == sorted((_event_key(*one) for one in expected), key=repr)


def _row_key(row: dict[str, object]) -> tuple[object, ...]:
    own = {
        "memory": row.get("footprint_mb"),
        "network": (row.get("status_code"), row.get("duration_s")),
        "frame_stats": (row.get("frames"), row.get("kind")),
        "crash": row.get("stack"),
        "session": (row.get("status"), row.get("started")),
    }[str(row["type"])]
    names = [row.get(name) or "" for name in ("release", "user", "screen")]
    return (row["type"], row["project"], row["time"], row["event_id"], row["session"], *names, own)


def _event_key(project: int, event: Event) -> tuple[object, ...]:
    name = next(name for name, kind in TYPES.items() if kind is type(event))
    ident = UUID(event.event_id).bytes if event.event_id else NOTHING
    names = (event.release, event.user, event.screen)
    return (name, project, event.time, ident, digest(event.session), *names, _own(event))


def _own(event: Event) -> object:
    if isinstance(event, Memory):
        return event.footprint_mb
    if isinstance(event, Network):
        return (event.status, event.duration_ms / 1000)
    if isinstance(event, FrameStats):
        return (event.frames, "scrolling" if event.scrolling else "still")
    if isinstance(event, Crash):
        return "\n".join(event.frames)
    assert isinstance(event, Session)
    return (event.status, event.started)


@pytest.mark.parametrize("name", TYPES)
def test_every_own_field_of_every_type_has_its_column(name: str) -> None:
    kind = TYPES[name]
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    event: Any = msgspec.convert(
        {"type": name, "time": NOW.isoformat(), "user": "anna"}
        | {
            field.name: _sample(name, field.name)
            for field in fields.values()
            if field.required and field.name != "time"
        },
        kind,
    )
    row = table([record([Arrival(1, NOW, [event])])]).to_pylist()[0]
    own = {"duration_ms": "duration_s", "scrolling": "kind"}
    for field in set(fields) - {"time", "event_id", "attributes"}:
        column = own.get(field, field)
        if field == "frames" and name in ("crash", "error"):
            column = "stack"
        if field == "status" and name == "network":
            column = "status_code"
        assert column in SCHEMA
        assert field in _COMMON or column in row


_COMMON = {*Memory.__struct_fields__} - {"footprint_mb", "peak_mb"}


def _sample(kind: str, field: str) -> object:
    if field in ("status",):
        return 200 if kind == "network" else "ok"
    if field == "outcome":
        return "shown"
    return 1 if field in ("duration_ms", "duration_s", "frames", "footprint_mb", "score") else "word"


def test_a_session_without_id_or_start_gets_them_once() -> None:
    spooled = record([Arrival(1, NOW, [Session(time=NOW, status="exited", duration_s=60)])])
    row = table([spooled]).to_pylist()[0]
    assert row["started"] == NOW - timedelta(seconds=60)
    assert row["session"] != bytes(16)


@given(st.lists(st.lists(events, min_size=1, max_size=6), min_size=1, max_size=4))
def test_records_survive_the_spool_format_and_the_way_over_arrow(groups: list[list[Event]]) -> None:
    spooled = [record([Arrival(1, NOW, batch)]) for batch in groups]
    rows = table(spooled)
    assert table([decode(encode(one)) for one in spooled]).equals(rows)
    batches = rows.combine_chunks().to_batches()
    assert table([record_of(batch) for batch in batches]).equals(rows)
    assert rows.num_rows == sum(map(len, groups))


def test_rows_without_a_value_hold_the_default() -> None:
    session = record([Arrival(1, NOW, [Session(time=NOW, status="exited", count=3)])])
    memory = record([Arrival(1, NOW, [Memory(time=NOW, footprint_mb=1.5, attributes={"a": "ü\0", "b": None})])])
    rows = table([session, memory])
    assert rows.column("count").to_pylist() == [3, 1]
    assert rows.column("attributes").to_pylist() == ["", '{"a":"ü\\u0000","b":null}']
    holes = pa.record_batch({"count": pa.array([None, 2], pa.uint32()), "user": pa.array(["a", None])})
    assert table([record_of(holes)]).to_pydict() == {"user": ["a", ""], "count": [1, 2]}
