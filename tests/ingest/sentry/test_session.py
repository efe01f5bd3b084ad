from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lopan.event import Session
from lopan.ingest.sentry import session
from lopan.ingest.sentry.fields import Sending

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SID = "7c7b6585f9014351bf8d02711b721929"


def read(sending: Sending = Sending(NOON), **update: Any) -> Session:
    (event,) = session.read(json.dumps({"sid": SID} | update).encode(), sending)
    assert isinstance(event, Session)
    return event


@pytest.mark.parametrize(
    ("update", "status", "errors"),
    [
        ({}, "ok", 0),
        ({"status": "ok", "errors": 2}, "ok", 2),
        ({"status": "exited"}, "exited", 0),
        ({"status": "errored"}, "exited", 1),
        ({"status": "crashed"}, "crashed", 1),
        ({"status": "crashed", "errors": 3}, "crashed", 3),
        ({"status": "abnormal", "errors": 0}, "abnormal", 1),
        ({"status": "exited", "errors": -5}, "exited", 0),
    ],
)
def test_status_and_errors(update: dict[str, Any], status: str, errors: int) -> None:
    event = read(**update)
    assert (event.status, event.errors) == (status, errors)


@pytest.mark.parametrize(
    ("update", "duration_s"),
    [
        pytest.param({"status": "ok", "duration": 99}, 0.0, id="still open: bogus"),
        pytest.param({"status": "exited", "duration": 60.5}, 60.5, id="as measured"),
        pytest.param({"status": "exited"}, 90.0, id="from start to end"),
        pytest.param({"status": "exited", "duration": -1}, 0.0, id="negative"),
        pytest.param({"status": "exited", "duration": 1e12}, 8_640_000.0, id="endless"),
    ],
)
def test_duration(update: dict[str, Any], duration_s: float) -> None:
    event = read(started="2026-11-22T11:00:00Z", timestamp="2026-11-22T11:01:30Z", **update)
    assert event.duration_s == duration_s


def test_who_and_what() -> None:
    event = read(did=7, attrs={"release": "r", "environment": "e"}, abnormal_mechanism="anr_foreground")
    assert (event.install, event.user, event.release, event.environment) == ("7", "7", "r", "e")
    assert event.session == SID
    assert event.attributes == {"abnormal_mechanism": "anr_foreground"}


def test_times_are_corrected_by_the_skew() -> None:
    event = read(Sending(NOON, timedelta(hours=1)), started=1795341600, timestamp=1795341660.5)
    assert event.started == datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert event.time == datetime(2026, 11, 22, 11, 1, 0, 500_000, tzinfo=UTC)


def test_a_session_without_times_is_now() -> None:
    assert (read().time, read().started) == (NOON, None)


def test_a_repeat_has_the_same_id_and_no_other_update_has_it() -> None:
    updates: list[dict[str, Any]] = [
        {},
        {"seq": 1},
        {"seq": 2},
        {"seq": 2, "status": "crashed"},
        {"seq": 2, "errors": 1},
        {"timestamp": 1795341600},
        {"sid": "b" * 32},
    ]
    assert len({read(**update).event_id for update in updates}) == len(updates)
    assert [read(**update).event_id for update in updates] == [read(**update).event_id for update in updates]
    assert read(sid="7C7B6585-F901-4351-BF8D-02711B721929").event_id == read().event_id
    assert read(Sending(NOON, project=2)).event_id != read().event_id


def test_aggregates_are_counts_without_ids() -> None:
    sent = {"aggregates": [{"started": 1795341600, "exited": 5, "crashed": 2, "errored": 0, "abnormal": -1}, None]}
    events = session.read_aggregates(json.dumps(sent).encode(), Sending(NOON))
    assert [(event.status, event.count, event.errors) for event in events if isinstance(event, Session)] == [
        ("exited", 5, 0),
        ("crashed", 2, 1),
    ]
    assert {event.event_id for event in events} == {""}
