from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.errors import Rejected
from lopan.event import AppLaunch
from lopan.ingest.adapters import native
from lopan.ingest.adapters.base import Payload, Reading

GOOD = {"type": "app_launch", "time": "2026-11-22T10:00:00.123Z", "kind": "cold", "duration_ms": 1180}
BAD = {"type": "app_launch", "time": "2026-11-22T10:00:00.123Z"}


def read(body: bytes) -> Reading:
    return native.read(Payload(body=body, received=datetime(2026, 11, 22, 12, tzinfo=UTC), item="events"))


def test_good_events_pass_and_others_are_named() -> None:
    reading = read(json.dumps([GOOD, BAD, GOOD]).encode())
    assert [type(event) for event in reading.events] == [AppLaunch, AppLaunch]
    assert [(refusal.index, refusal.field) for refusal in reading.refused] == [(1, "duration_ms")]
    assert not reading.unread


def test_a_body_that_is_no_json_is_refused_as_a_whole() -> None:
    with pytest.raises(Rejected, match="body: is not valid JSON"):
        read(b"[1")


@given(st.binary(max_size=300), st.sampled_from([b"", b"[", b"{", b'{"events":', b"\xef\xbb\xbf"]))
def test_arbitrary_bytes_raise_nothing_but_rejected(noise: bytes, before: bytes) -> None:
    with suppress(Rejected):
        reading = read(before + noise)
        assert not reading.unread


@given(st.lists(st.sampled_from([GOOD, BAD, {"type": "no_such"}, 7, None, [[]], {"type": "memory"}])))
def test_accepted_and_refused_make_up_what_was_sent(batch: list[object]) -> None:
    lines = b"\n".join(json.dumps(one).encode() for one in batch)
    shapes = [json.dumps(batch).encode(), json.dumps({"events": batch}).encode()]
    if len(batch) > 1 and batch[0] != [[]]:
        shapes.append(lines)
    for body in shapes:
        reading = read(body)
        assert len(reading.events) + len(reading.refused) == len(batch)
        assert all(refusal.field and refusal.reason for refusal in reading.refused)
