from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from lopan.alerts import history, leader
from lopan.alerts.dispatch import Destination, Dispatch
from lopan.alerts.message import Message, MessageKind
from lopan.alerts.notifier import TransportError
from lopan.alerts.outbox import LEASE, LIFETIME, STEP_IN_AFTER, Claim, Outbox, delay, post
from lopan.control.alerting import alerts

if TYPE_CHECKING:
    from tests.alerts.conftest import ManualClock

CHANNELS = (Destination("slack", "slack"), Destination("email", "email"), Destination("webhook ops", "webhook"))
BUSY = TransportError("answered 503")
GONE = TransportError("answered 404", permanent=True)
LOST = TransportError("no answer within 5 s", uncertain=True)


class Box:
    """An outbox with one alert, into which messages are put by hand."""

    def __init__(self, engine: Engine, clock: ManualClock, message: Message) -> None:
        self.engine, self.clock, self.message = engine, clock, message
        self.sequence = 0
        self.outbox = Outbox(engine, Dispatch(CHANNELS, "", {}), leader.take(engine, clock.now()))
        same = {name: getattr(message, name) for name in ("rule", "title", "kpi", "n", "unit", "decimals", "op")}
        told = {"fingerprint": "f", "labels": "{}", "access_group": "performance", "definition": "", "playbook": ""}
        with engine.begin() as connection:
            connection.execute(
                insert(alerts).values(
                    **same,
                    **told,
                    id=message.alert_id,
                    severity="critical",
                    state="firing",
                    reason="threshold",
                    threshold=3.0,
                    window_s=300,
                    latches="{}",
                    sequence=1,
                    started_at=clock.now(),
                    updated_at=clock.now(),
                )
            )

    def post(self, kind: MessageKind, *channels: str) -> None:
        self.sequence += 1
        with self.engine.begin() as connection:
            message = msgspec.structs.replace(self.message, kind=kind)
            post(connection, message, self.sequence, list(channels or ("slack",)), self.clock.now())

    def claim(self, channel: str = "slack") -> Claim:
        claim = self.outbox.claim(channel, self.clock.now())
        assert claim is not None
        return claim

    def nothing(self, channel: str = "slack") -> bool:
        return self.outbox.claim(channel, self.clock.now()) is None

    def fail(self, error: TransportError, channel: str = "slack") -> None:
        self.outbox.failed(self.claim(channel), error, self.clock.now())

    def states(self) -> list[tuple[str, str, str]]:
        return [
            (one.channel, one.kind, one.state) for one in history.one(self.engine, self.message.alert_id).deliveries
        ]


@pytest.fixture
def box(engine: Engine, clock: ManualClock, message: Message) -> Box:
    return Box(engine, clock, message)


def test_one_message_at_a_time_per_channel(box: Box) -> None:
    box.post("firing", "slack", "email")
    claim = box.claim()
    assert box.nothing()
    assert box.claim("email").message.id != claim.message.id
    box.outbox.sent(claim, box.clock.now())
    assert box.nothing()
    assert box.states() == [("slack", "firing", "sent"), ("email", "firing", "claimed")]


def test_critical_messages_go_first(box: Box) -> None:
    with box.engine.begin() as connection:
        row = dict(connection.execute(select(alerts)).mappings().one())
        connection.execute(insert(alerts).values(**{**row, "id": 8, "fingerprint": "g"}))
        calm = msgspec.structs.replace(box.message, alert_id=8, severity="warning")
        post(connection, calm, 1, ["slack"], box.clock.now())
    box.post("firing")
    assert box.claim().message.severity == "critical"


def test_a_message_keeps_its_id_over_all_attempts(box: Box) -> None:
    box.post("firing")
    ids = set()
    for _ in range(3):
        claim = box.claim()
        ids.add(claim.message.id)
        box.outbox.failed(claim, BUSY, box.clock.now())
        box.clock.forward(600)
    assert len(ids) == 1
    assert [one.outcome for one in history.one(box.engine, 7).deliveries[0].attempts] == ["retry"] * 3


def test_retry_after_is_honoured(box: Box) -> None:
    box.post("firing")
    box.fail(TransportError("answered 429", retry_after=90))
    box.clock.forward(89)
    assert box.nothing()
    box.clock.forward(1)
    assert box.claim().number == 2


def test_a_dead_channel_hands_the_message_on_and_revives(box: Box) -> None:
    box.post("firing")
    box.fail(GONE)
    assert box.states() == [("slack", "firing", "failed"), ("email", "firing", "waiting")]
    assert box.claim("email").message.instead_of == "slack failed: answered 404"
    assert [(one.name, one.dead_since, one.note) for one in history.channels(box.engine)] == [
        ("slack", box.clock.now(), "answered 404")
    ]
    box.post("raised")
    box.outbox.sent(box.claim(), box.clock.now())
    assert [(one.name, one.dead_since) for one in history.channels(box.engine)] == [("slack", None)]


def test_the_next_channel_is_a_live_one(box: Box) -> None:
    box.post("firing", "email")
    box.fail(GONE, "email")
    assert box.states()[-1] == ("slack", "firing", "waiting")
    box.post("raised", "slack")
    box.fail(GONE)
    assert box.states()[-1] == ("webhook ops", "raised", "waiting")


def test_a_late_channel_gets_help_and_goes_on_trying(box: Box) -> None:
    box.post("firing")
    for _ in range(STEP_IN_AFTER):
        box.fail(BUSY)
        box.clock.forward(600)
    assert box.states() == [("slack", "firing", "waiting"), ("email", "firing", "waiting")]


def test_a_message_does_not_live_for_ever(box: Box) -> None:
    box.post("firing")
    box.clock.forward(LIFETIME.total_seconds())
    box.fail(BUSY)
    assert box.states() == [("slack", "firing", "failed"), ("email", "firing", "waiting")]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(BUSY, ["dropped", "dropped"], id="certainly-not-sent"),
        pytest.param(LOST, ["dropped", "sent"], id="perhaps-sent"),
    ],
)
def test_an_alert_that_ended_before_its_page_went_out(box: Box, error: TransportError, expected: list[str]) -> None:
    box.post("firing")
    box.fail(error)
    box.post("resolved")
    while (claim := box.outbox.claim("slack", box.clock.now())) is not None:
        box.outbox.sent(claim, box.clock.now())
    box.clock.forward(600)
    assert box.nothing()
    deliveries = history.one(box.engine, 7).deliveries
    assert [one.state for one in deliveries] == expected
    assert deliveries[0].note == "the alert was resolved before this was sent"


def test_a_raise_replaces_a_page_that_was_not_sent(box: Box) -> None:
    box.post("firing")
    box.post("raised")
    assert box.claim().message.kind == "raised"
    assert box.states() == [("slack", "firing", "dropped"), ("slack", "raised", "claimed")]


def test_a_claim_whose_lease_ended_is_taken_again_and_its_late_answer_ignored(box: Box) -> None:
    box.post("firing")
    slow = box.claim()
    box.clock.forward(LEASE.total_seconds() - 1)
    assert box.nothing()
    box.clock.forward(1)
    again = box.claim()
    assert (again.message.id, again.number) == (slow.message.id, 2)
    box.outbox.failed(slow, GONE, box.clock.now())
    assert box.states() == [("slack", "firing", "claimed")]
    box.outbox.sent(again, box.clock.now())
    outcomes = [one.outcome for one in history.one(box.engine, 7).deliveries[0].attempts]
    assert outcomes == ["refused", "sent"]


def test_a_new_process_takes_over_what_was_in_flight(box: Box) -> None:
    box.post("firing")
    box.claim()
    epoch = leader.take(box.engine, box.clock.now())
    successor = Outbox(box.engine, Dispatch(CHANNELS, "", {}), epoch)
    successor.release(box.clock.now())
    claim = successor.claim("slack", box.clock.now())
    assert claim is not None
    assert claim.number == 2
    assert history.one(box.engine, 7).deliveries[0].attempts[0].outcome == "uncertain"


def test_next_due(box: Box) -> None:
    assert box.outbox.next_due("slack") is None
    box.post("firing")
    assert box.outbox.next_due("slack") == box.clock.now()
    claim = box.claim()
    assert box.outbox.next_due("slack") == box.clock.now() + LEASE
    box.outbox.failed(claim, TransportError("answered 429", retry_after=30), box.clock.now())
    assert box.outbox.next_due("slack") == box.clock.now() + timedelta(seconds=30)


@given(st.integers(1, 1_000), st.one_of(st.none(), st.floats(0, 1e9)))
def test_delay_is_bounded_and_never_sooner_than_asked(attempt: int, asked: float | None) -> None:
    seconds = delay(attempt, asked)
    assert min(asked or 0.0, 3_600.0) <= seconds <= 3_600.0
    assert asked is not None or seconds <= min(300.0, 2.0 ** (attempt - 1))
