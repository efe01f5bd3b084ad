from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lopan.event import Crash, Error, Session, decode_batch
from lopan.ingest.adapters import sentry
from lopan.ingest.adapters.base import Payload, Reading
from lopan.ingest.columns import Arrival, record

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(path for path in GOLDEN.iterdir() if path.suffix != ".json")
RECEIVED = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def read(body: bytes, item: str = "envelope") -> Reading:
    return sentry.read(Payload(body=body, received=RECEIVED, item=item, project=1))


def shown(reading: Reading) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(msgspec.json.encode(reading))
    events = [
        {name: value for name, value in event.items() if value not in ("", None, [])} for event in whole["events"]
    ]
    unread = [{"kind": one.kind, "reason": one.reason, "bytes": len(one.raw)} for one in reading.unread]
    return {name: whole[name] for name in ("event_id", "lost", "dropped")} | {"events": events, "unread": unread}


def single(payload: object) -> bytes:
    return b'{}\n{"type":"event"}\n' + json.dumps(payload).encode()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_golden_samples(sample: Path) -> None:
    assert shown(read(sample.read_bytes(), sample.suffix[1:])) == json.loads(sample.with_suffix(".json").read_text())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_repeat_has_the_same_ids(sample: Path) -> None:
    first, again = (read(sample.read_bytes(), sample.suffix[1:]) for _ in range(2))
    assert [event.event_id for event in first.events] == [event.event_id for event in again.events]
    named = [event.event_id for event in first.events if event.event_id]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "not the JSON expected", id="empty"),
        pytest.param(b"\r\n", "not the JSON expected", id="only a newline"),
        pytest.param(b'{}\\n{"type":"event"}\\n{}', "not the JSON expected", id="newlines as text"),
        pytest.param(b"\x1f\x8b\x08\x00", "not the JSON expected", id="still compressed"),
        pytest.param(b'{}\n{"type":"event","length":10}\n{}', "is 10, but 2 bytes follow", id="cut short"),
        pytest.param(b'{}\n{"type":"event","length":1}\n{}', "not followed by a newline", id="wrong length"),
        pytest.param(b'{}\n{"type":"event"}\n[1]', "not the JSON expected", id="no object"),
        pytest.param(b'{}\n{"type":"event"}\n' + b'{"a":' * 5_000, "not the JSON expected", id="deep"),
        pytest.param(b'{}\n{"type":"session"}\n{"status":"ok"}', "sid: is missing", id="session without id"),
        pytest.param(b'{}\n{"type":"session"}\n{"sid":"1","status":"odd"}', "is none of ok", id="session status"),
        pytest.param(b'{}\n{"type":"future_item"}\nabc', "not understood yet", id="unknown item"),
        pytest.param(b"{}\n{}\nabc", "not understood yet", id="item without type"),
        pytest.param(single({"timestamp": "yesterday"}), "neither Unix seconds nor RFC 3339", id="no time"),
    ],
)
def test_what_cannot_be_read_is_kept_with_its_reason(body: bytes, reason: str) -> None:
    reading = read(body)
    assert not reading.events
    assert len(reading.unread) == 1
    assert reason in reading.unread[0].reason
    assert reading.unread[0].raw in body


def test_a_broken_item_costs_no_other() -> None:
    session = json.dumps({"sid": "a" * 32, "status": "crashed"}).encode()
    body = b'{}\n{"type":"event"}\n{broken\n{"type":"session"}\n' + session + b'\n{"type":"log"}\n{}\n'
    reading = read(body)
    assert [type(event) for event in reading.events] == [Session]
    assert [one.kind for one in reading.unread] == ["sentry/event", "sentry/log"]


def test_the_answer_names_the_event_of_a_legacy_request() -> None:
    assert read(b'{"event_id":"FC6D8C0C-43FC-4630-AD85-0EE518F1B9D0"}', "store").event_id == (
        "fc6d8c0c43fc4630ad850ee518f1b9d0"
    )


def test_events_without_ids_take_the_envelopes_and_stay_apart() -> None:
    body = b'{"event_id":"' + b"a" * 32 + b'"}\n{"type":"event"}\n{}\n{"type":"event"}\n{}'
    ids = [event.event_id for event in read(body).events]
    assert ids[0] == "a" * 32
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"user": {"id": ["u1"]}}, id="user id"),
        pytest.param({"contexts": {"os": "iOS", "app": {"app_memory": "much"}}}, id="contexts"),
        pytest.param({"tags": {"a": {"b": 1}, "c": "d"}}, id="nested tag"),
        pytest.param({"tags": [["a", 1], ["b"], 7]}, id="odd pairs"),
        pytest.param({"release": 7, "environment": [], "platform": {}}, id="scalars"),
        pytest.param({"message": "lone \ud800 surrogate"}, id="surrogate"),
        pytest.param({"timestamp": float("nan"), "extra": {"x": float("inf")}}, id="NaN"),
        pytest.param({"threads": 5}, id="threads"),
    ],
)
def test_a_wrong_field_does_not_cost_the_crash(wrong: dict[str, Any]) -> None:
    crash = {"exception": {"values": [{"type": "Boom", "value": "x", "mechanism": {"handled": False}}]}}
    reading = read(single(crash | wrong))
    assert not reading.unread
    (event,) = reading.events
    assert isinstance(event, Crash)
    assert event.exception == "Boom"


def test_fields_are_cut_to_the_limits_of_our_events() -> None:
    long = "x" * 20_000
    frame = {"function": long, "filename": long, "lineno": 1}
    event = {
        "exception": {"values": [{"type": long, "value": long, "stacktrace": {"frames": [frame] * 2_000}}]},
        "release": long,
        "user": {"id": long, "data": {"role": long}},
        "tags": {f"{long}{index}": long for index in range(3)} | {f"t{index}": index for index in range(100)},
    }
    (error,) = read(single(event)).events
    assert isinstance(error, Error)
    assert len(error.frames) == 512
    assert decode_batch(msgspec.json.encode(error)).refused == []


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, inner in steps for place in places(inner, (*path, step)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def payloads(sample: Path) -> list[tuple[bytes, Any]]:
    """Item header and payload of every JSON item."""
    lines = sample.read_bytes().split(b"\n")[1:]
    return [
        (b'{"type":"%s"}' % json.loads(header)["type"].encode(), json.loads(payload))
        for header, payload in zip(lines[::2], lines[1::2], strict=False)
        if payload.startswith(b"{") and b"attachment" not in header
    ]


ITEMS = [item for sample in SAMPLES if sample.suffix == ".envelope" for item in payloads(sample)]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_value_in_any_place_breaks_the_limits_or_the_record(data: st.DataObject) -> None:
    header, payload = data.draw(st.sampled_from(ITEMS))
    for _ in range(data.draw(st.integers(1, 3))):
        payload = replaced(payload, data.draw(st.sampled_from(places(payload))), data.draw(values))
    reading = read(b"{}\n" + header + b"\n" + json.dumps(payload).encode())
    assert reading.events or reading.unread or reading.dropped or reading.lost or b"report" in header
    if reading.events:
        assert decode_batch(msgspec.json.encode(reading.events)).refused == []
        assert record([Arrival(1, RECEIVED, reading.events)]).rows == len(reading.events)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"{}\n", b'{}\n{"type":"event"}\n', b'{}\n{"type":"session"}\n']))
def test_arbitrary_bytes_never_raise(noise: bytes, before: bytes) -> None:
    for item in ("envelope", "store"):
        reading = read(before + noise, item)
        assert all(event.time.tzinfo for event in reading.events)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_cut_and_changed_samples_never_raise(sample: Path, data: st.DataObject) -> None:
    body = bytearray(sample.read_bytes())
    for _ in range(data.draw(st.integers(0, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    reading = read(bytes(body[: data.draw(st.integers(0, len(body)))]), sample.suffix[1:])
    if reading.events:
        assert decode_batch(msgspec.json.encode(reading.events)).refused == []
