from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lopan.errors import Rejected
from lopan.ingest.sentry import fields, wire
from lopan.ingest.sentry.fields import Sending

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (None, NOON),
        (1795348800, NOON),
        (1795348800.25, NOON + timedelta(milliseconds=250)),
        ("1795348800", NOON),
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22T12:00:00", NOON),
        ("2026-11-22 14:00:00+02:00", NOON),
        ("2026-11-22T12:00:00.123456789Z", NOON + timedelta(microseconds=123_456)),
    ],
)
def test_times(value: str | float | None, moment: datetime) -> None:
    assert fields.moment(value, Sending(NOON)) == moment


@pytest.mark.parametrize("value", ["", "soon", "nan", 1e30, -1e30, 10**400, "9999-12-31T23:59:59-23:00"])
def test_what_is_no_time(value: str | float) -> None:
    with pytest.raises(Rejected, match="timestamp"):
        fields.moment(value, Sending(NOON))


@pytest.mark.parametrize(
    ("sent_at", "seconds"),
    [
        pytest.param(None, 0, id="not said"),
        pytest.param("2026-11-22T11:59:00Z", 0, id="a minute: the network's"),
        pytest.param("2026-11-22T11:58:59Z", 61, id="behind"),
        pytest.param("2026-11-22T13:00:00Z", -3600, id="ahead"),
        pytest.param(1795345200.0, 3600, id="Unix seconds"),
        pytest.param("soon", 0, id="no time"),
    ],
)
def test_skew(sent_at: str | float | None, seconds: int) -> None:
    assert fields.skew(sent_at, NOON) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        (None, ""),
        ("", ""),
        ("FC6D8C0C-43FC-4630-AD85-0EE518F1B9D0", "fc6d8c0c43fc4630ad850ee518f1b9d0"),
        ("fc6d8c0c43fc4630ad850ee518f1b9d0", "fc6d8c0c43fc4630ad850ee518f1b9d0"),
    ],
)
def test_event_ids_have_one_spelling(text: str | None, identity: str) -> None:
    assert fields.event_id(text) == identity


@pytest.mark.parametrize("text", ["7", "z" * 32, "{fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0}", "é" * 32, " " * 32])
def test_other_ids_are_hashed(text: str) -> None:
    identity = fields.event_id(text)
    assert len(identity) == 32
    assert identity == fields.event_id(text) != fields.event_id(text + "x")


@pytest.mark.parametrize(
    ("value", "word"), [(None, ""), (7, "7"), (True, "true"), ([1], ""), ({}, ""), ("x" * 300, "x" * 200), (1.5, "1.5")]
)
def test_words(value: object, word: str) -> None:
    assert fields.word(value) == word


@pytest.mark.parametrize(
    ("event", "build"),
    [
        (wire.Common(release="a@1+7", dist="8"), "8"),
        (wire.Common(release="a@1+7"), "7"),
        (wire.Common(release="1+7"), "7"),
        (wire.Common(release="abc"), ""),
        (wire.Common(contexts=wire.Contexts(app=wire.App(app_build=9))), "9"),
    ],
)
def test_the_build(event: wire.Common, build: str) -> None:
    assert fields.common(event, "", NOON)["build"] == build


def test_there_is_room_for_64_attributes() -> None:
    event = wire.Common(tags={f"t{index}": index for index in range(100)}, platform="python")
    found = fields.attributes(event, level="error", mechanism="")
    assert found is not None
    assert len(found) == 64
    assert (found["level"], found["platform"], found["tag.t0"]) == ("error", "python", "0")
    assert "mechanism" not in found
