from __future__ import annotations

from codecs import BOM_UTF8

import pytest

from lopan.errors import Rejected
from lopan.event import decode_batch

GOOD = b'{"type":"memory","time":"2026-11-22T10:00:00Z","footprint_mb":150}'
DEEP = b'{"type":"memory","time":"2026-11-22T10:00:00Z","footprint_mb":1,"more":' + b"[" * 9_000 + b"]" * 9_000 + b"}"


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        pytest.param(GOOD, 1, id="one object"),
        pytest.param(b"[" + GOOD + b"," + GOOD + b"]", 2, id="array"),
        pytest.param(b"[]", 0, id="empty array"),
        pytest.param(b'{"events":[' + GOOD + b"]}", 1, id="wrapped"),
        pytest.param(GOOD + b"\n" + GOOD, 2, id="lines"),
        pytest.param(GOOD + b"\r\n\r\n" + GOOD + b"\r\n", 2, id="lines with carriage returns and an empty one"),
        pytest.param(BOM_UTF8 + GOOD, 1, id="byte order mark"),
        pytest.param(b" \n[" + GOOD + b"]\n", 1, id="white space around"),
        pytest.param(GOOD[:-1] + b',"unknown":{"a":[1]}}', 1, id="unknown field"),
        pytest.param(GOOD[:-1] + b',"event_id":"0123456789ABCDEF0123456789abcdef"}', 1, id="id without dashes"),
    ],
)
def test_every_shape_of_a_good_batch(body: bytes, accepted: int) -> None:
    outcome = decode_batch(body)
    assert (len(outcome.events), outcome.refused) == (accepted, [])


@pytest.mark.parametrize(
    ("bad", "field", "reason"),
    [
        pytest.param(b'{"type":"memory"}', "time", "required", id="no time"),
        pytest.param(GOOD.replace(b"00Z", b"00"), "time", "timezone", id="no zone"),
        pytest.param(GOOD.replace(b"150", b"-1"), "footprint_mb", ">= 0", id="out of range"),
        pytest.param(GOOD.replace(b"150", b'"150"'), "footprint_mb", "got `str`", id="wrong type"),
        pytest.param(GOOD.replace(b"150", b"NaN"), "footprint_mb", "got `null`", id="NaN"),
        pytest.param(GOOD.replace(b"150", b"-Infinity"), "footprint_mb", "got `null`", id="Infinity"),
        pytest.param(GOOD.replace(b"memory", b"memories"), "type", "known types: app_launch", id="unknown type"),
        pytest.param(GOOD[:-1] + b',"event_id":"7"}', "event_id", "32 hex digits", id="id of another kind"),
        pytest.param(GOOD[:-1] + b',"user":"' + b"u" * 201 + b'"}', "user", "length <= 200", id="too long"),
        pytest.param(b"7", "event", "Expected `object`", id="no object"),
    ],
)
def test_a_bad_event_is_named_and_costs_no_other(bad: bytes, field: str, reason: str) -> None:
    outcome = decode_batch(b"[" + GOOD + b"," + bad + b"," + GOOD + b"]")
    assert len(outcome.events) == 2
    (refusal,) = outcome.refused
    assert (refusal.index, refusal.field) == (1, field)
    assert reason in refusal.reason


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="white space"),
        pytest.param(BOM_UTF8, id="byte order mark alone"),
        pytest.param(b"[1", id="array cut short"),
        pytest.param(b"[" + GOOD, id="array cut short after an event"),
        pytest.param(b"[" + GOOD + b"]]", id="one bracket too many"),
        pytest.param(GOOD[:-1], id="object cut short"),
        pytest.param(b'{"events":7}', id="events are no array"),
        pytest.param(b'{"events":[NaN', id="NaN, cut short"),
        pytest.param(b"[" + GOOD + b"," + DEEP + b"]", id="deep"),
        pytest.param(b"[" * 100_000, id="deep and cut short"),
        pytest.param(b'{"a":' * 100_000, id="deep objects"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"hello", id="no JSON"),
    ],
)
def test_a_body_that_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(Rejected):
        decode_batch(body)


@pytest.mark.parametrize(
    "bad", [pytest.param(b"{broken", id="broken"), pytest.param(b"[1]", id="array"), pytest.param(DEEP, id="deep")]
)
def test_a_bad_line_costs_no_other(bad: bytes) -> None:
    outcome = decode_batch(GOOD + b"\n" + bad + b"\n" + GOOD)
    assert len(outcome.events) == 2
    assert [refusal.index for refusal in outcome.refused] == [1]
