"""Live traffic: what falls due, whichever way it is asked, and what the scenarios make of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from lopan.demo.fleet import Fleet, fleet
from lopan.demo.native import Event
from lopan.demo.scenarios import NEWEST, SCENARIOS
from lopan.demo.traffic import Traffic
from lopan.event import decode_batch

START = round(datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000
RATE = 15.0
T0, T5, T15, T20 = (f"2026-11-20T09:{minutes:02d}" for minutes in (0, 5, 15, 20))


@pytest.fixture(scope="module")
def people() -> Fleet:
    return fleet(7, datetime(2026, 11, 20, tzinfo=UTC).date(), 1_200)


def sent(people: Fleet, minutes: int, *scenarios: str, seed: int = 1, step: int = 1_000) -> list[Event]:
    traffic = Traffic(people, seed, RATE, START)
    ticks = range(START + step, START + minutes * MINUTE + 1, step)
    return [event for now in ticks for event in traffic.due(now, scenarios)]


def mean(events: list[Event], type_: str, field: str, **wanted: str) -> float:
    values = [e[field] for e in events if e["type"] == type_ and all(e.get(k) == v for k, v in wanted.items())]
    return float(sum(values) / len(values))


@pytest.mark.parametrize("step", [250, 7_000, 60_000])
def test_how_often_it_is_asked_changes_nothing(people: Fleet, step: int) -> None:
    in_all = sent(people, 7, step=420_000)
    assert sent(people, 7, step=step) == in_all
    assert sent(people, 7, step=step, seed=2) != in_all


def test_events_fall_due_in_order_and_in_time(people: Fleet) -> None:
    times = [event["time"] for event in sent(people, 3)]
    assert times == sorted(times)
    assert times[0] >= "2026-11-20T09:00:00.000Z"
    assert times[-1] <= "2026-11-20T09:03:00.000Z"


def test_the_rate_is_kept_from_the_first_minute(people: Fleet) -> None:
    events = sent(people, 20)
    first = [event for event in events if event["time"] < "2026-11-20T09:05:00"]
    assert 0.6 < len(first) / 300 / RATE < 1.4
    assert 0.7 < len(events) / 1200 / RATE < 1.3


@pytest.mark.parametrize("scenario", [None, *SCENARIOS], ids=str)
def test_the_server_takes_every_event(people: Fleet, scenario: str | None) -> None:
    events = sent(people, 10, *([scenario] if scenario else []))
    taken = decode_batch(msgspec.json.encode(events))
    assert not taken.refused
    assert len(taken.events) == len(events)
    ids = Counter(event["event_id"] for event in events)
    assert ids.most_common(1)[0][1] == 1


def test_sessions_begin_and_end(people: Fleet) -> None:
    states = Counter(event["status"] for event in sent(people, 30) if event["type"] == "session")
    assert 0.75 < states["exited"] / states["ok"] < 1.3


def test_launch_regression_hits_the_newest_release_only(people: Fleet) -> None:
    plain, slow = sent(people, 30), sent(people, 30, "launch_regression")
    for release, factor in ((NEWEST, 2.8), ("2.2.1", 1.0)):
        ratio = mean(slow, "app_launch", "duration_ms", release=release) / mean(
            plain, "app_launch", "duration_ms", release=release
        )
        assert ratio == pytest.approx(factor, abs=0.001)


def test_memory_leak_grows(people: Fleet) -> None:
    plain, leaking = sent(people, 12), sent(people, 12, "memory_leak")

    def late(events: list[Event]) -> list[Event]:
        return [event for event in events if event["time"] > "2026-11-20T09:10:00"]

    assert mean(late(leaking), "memory", "footprint_mb") > mean(late(plain), "memory", "footprint_mb") + 140


def test_crash_spike_crosses_one_percent_and_the_dead_stay_silent(people: Fleet) -> None:
    events = sent(people, 30, "crash_spike")
    crashes = [event for event in events if event["type"] == "crash"]
    sessions = {event["session"] for event in events if event["type"] == "session"}
    assert 0.02 < len(crashes) / len(sessions) < 0.15
    over: set[str] = set()
    for event in events:
        assert event["session"] not in over
        if event["type"] == "session" and event["status"] in {"crashed", "exited"}:
            over.add(event["session"])


def test_outage_fails_requests_and_slows_launches(people: Fleet) -> None:
    plain, down = sent(people, 20), sent(people, 20, "outage")
    requests = [event for event in down if event["type"] == "network"]
    failed = [event for event in requests if event["status"] == 0 or event["status"] >= 500]
    assert len(failed) > 0.85 * len(requests)
    assert mean(down, "app_launch", "duration_ms") > mean(plain, "app_launch", "duration_ms") + 1_200


def test_feature_launch_grows(people: Fleet) -> None:
    used = [event for event in sent(people, 20, "feature_launch") if event["type"] == "action"]
    first, last = ([e for e in used if low <= e["time"] < high] for low, high in ((T0, T5), (T15, T20)))
    shares = [sum(event["feature"] == "voice_notes" for event in events) / len(events) for events in (first, last)]
    assert shares[0] < 0.12
    assert 0.25 < shares[1] < 0.42


def test_unhappy_users_say_so(people: Fleet) -> None:
    answers = [event for event in sent(people, 60, "unhappy_users") if event["type"] == "feedback"]
    assert answers
    for event in answers:
        assert event["score"] <= (4 if event["scale"] == "nps" else 2)
        assert event["comment"]


def test_a_scenario_ends_when_it_is_switched_off(people: Fleet) -> None:
    traffic = Traffic(people, 1, RATE, START)
    traffic.due(START + 10 * MINUTE, ["memory_leak"])
    after = traffic.due(START + 20 * MINUTE)
    assert mean(after, "memory", "footprint_mb") < 140
