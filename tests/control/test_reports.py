"""Subscriptions and the outbox of issues: one row a person and period, claims that end, people who leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from tests.conftest import ManualClock

from lopan.control import reports, tokens, users
from lopan.control.reports import LEASE, Due, Subscription
from lopan.errors import Rejected

pytestmark = pytest.mark.usefixtures("quick_hashing")
ANN = "ann@example.org"


@pytest.fixture
def ann(engine: Engine, clock: ManualClock) -> Subscription:
    users.add(engine, ANN, "a quiet harbour", ["operational"])
    return reports.subscribe(engine, ANN, "week", 0, 480, clock)


def due(clock: ManualClock, *firsts: str) -> list[Due]:
    return [Due(first, clock.now()) for first in firsts]


def test_a_period_is_put_once_and_the_last_of_several_is_sent(
    engine: Engine, clock: ManualClock, ann: Subscription
) -> None:
    assert reports.put(engine, ann, due(clock, "2026-11-09", "2026-11-16"), clock.now()) == 2
    assert reports.put(engine, ann, due(clock, "2026-11-09", "2026-11-16"), clock.now()) == 0
    assert [(one.first, one.state) for one in reports.history(engine, ANN)] == [
        ("2026-11-16", "waiting"),
        ("2026-11-09", "dropped"),
    ]


def test_cancelling_and_subscribing_again_does_not_repeat_a_period(
    engine: Engine, clock: ManualClock, ann: Subscription
) -> None:
    reports.put(engine, ann, due(clock, "2026-11-16"), clock.now())
    assert reports.unsubscribe(engine, ANN, "week", clock)
    assert not reports.unsubscribe(engine, ANN, "week", clock)
    again = reports.subscribe(engine, ANN, "week", 2, 0, clock)
    assert again.id != ann.id
    assert reports.put(engine, again, due(clock, "2026-11-16"), clock.now()) == 0
    assert reports.put(engine, ann, due(clock, "2026-11-23"), clock.now()) == 0


def test_a_new_time_keeps_the_subscription_and_what_is_owed(
    engine: Engine, clock: ManualClock, ann: Subscription
) -> None:
    clock.move(86_400)
    changed = reports.subscribe(engine, ANN, "week", 3, 30, clock)
    assert (changed.id, changed.since, changed.token) == (ann.id, ann.since, ann.token)
    assert (changed.weekday, changed.minute) == (3, 30)
    reports.subscribe(engine, ANN, "month", 3, 30, clock)
    assert [one.every for one in reports.listing(engine)] == ["week", "month"]


def test_a_claim_is_one_persons_alone_until_it_lapses(engine: Engine, clock: ManualClock, ann: Subscription) -> None:
    reports.put(engine, ann, due(clock, "2026-11-16"), clock.now())
    first = reports.claim(engine, clock.now())
    assert first is not None
    assert first.reader.levels == {"operational"}
    assert reports.claim(engine, clock.now()) is None
    assert reports.next_due(engine) == clock.now() + LEASE
    clock.move(LEASE.total_seconds())
    second = reports.claim(engine, clock.now())
    assert second is not None
    assert (second.number, second.key) == (2, first.key)
    reports.finish(engine, first, "failed", "too late to count", clock.now())
    assert reports.history(engine, ANN)[0].state == "claimed"
    reports.later(engine, second, "busy", clock.now() + timedelta(minutes=1))
    assert reports.claim(engine, clock.now()) is None
    clock.move(60)
    third = reports.claim(engine, clock.now())
    assert third is not None
    reports.finish(engine, third, "sent", "", clock.now())
    assert reports.next_due(engine) is None
    assert (reports.history(engine, ANN)[0].state, reports.history(engine, ANN)[0].attempts) == ("sent", 3)


def test_a_crash_frees_its_claim_at_the_next_start(engine: Engine, clock: ManualClock, ann: Subscription) -> None:
    reports.put(engine, ann, due(clock, "2026-11-16"), clock.now())
    assert reports.claim(engine, clock.now()) is not None
    reports.release(engine, clock.now())
    assert reports.claim(engine, clock.now()) is not None


def test_who_changed_or_left_is_seen_when_it_is_claimed(engine: Engine, clock: ManualClock, ann: Subscription) -> None:
    reports.put(engine, ann, due(clock, "2026-11-16"), clock.now())
    users.change(engine, ANN, ["technical"])
    reports.unsubscribe(engine, ANN, "week", clock)
    claimed = reports.claim(engine, clock.now())
    assert claimed is not None
    assert (claimed.reader.levels, claimed.subscription) == (frozenset({"technical"}), None)
    users.remove(engine, ANN)
    assert reports.history(engine, ANN) == []
    assert reports.claim(engine, clock.now() + LEASE) is None


def test_only_its_own_token_ends_a_subscription(engine: Engine, clock: ManualClock, ann: Subscription) -> None:
    other = reports.subscribe(engine, ANN, "month", 0, 480, clock)
    swapped = f"{ann.id}.{other.token.partition('.')[2]}"
    for forged in ("", "1", "x.y", swapped, ann.token[:-1], ann.token + "0", "9" * 40 + "." + "0" * 64):
        with pytest.raises(Rejected, match="not a link"):
            reports.unsubscribe_by(engine, forged, clock)
    assert reports.by_token(engine, ann.token) == ann
    assert reports.unsubscribe_by(engine, ann.token, clock)
    assert reports.unsubscribe_by(engine, ann.token, clock)
    assert [one.every for one in reports.listing(engine, ANN)] == ["month"]


@pytest.mark.parametrize(("weekday", "minute"), [(7, 0), (-1, 0), (0, 1_440), (0, -1)])
def test_times_that_do_not_exist_are_refused(engine: Engine, weekday: int, minute: int, ann: Subscription) -> None:
    with pytest.raises(Rejected):
        reports.subscribe(engine, ann.email, "week", weekday, minute)


def test_a_token_has_no_mailbox(engine: Engine) -> None:
    tokens.create(engine, ["operational"], "wall")
    with pytest.raises(Rejected, match="no mailbox"):
        reports.subscribe(engine, "token wall", "week", 0, 0)
