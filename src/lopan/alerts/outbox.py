"""The outbox: messages as rows, claimed one at a time per channel, sent at least once, each attempt on record.

States: waiting -> claimed -> sent | waiting (again later) | failed (given to the next channel) | dropped (with reason).
A message is in flight at most once per channel, so a crash repeats at most that one, under the same id.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, and_, insert, or_, select, update

from lopan.alerts import leader
from lopan.alerts.dispatch import PRIORITY, Dispatch
from lopan.alerts.message import Message
from lopan.alerts.notifier import TransportError
from lopan.control.alerting import alert_channels, delivery_attempts
from lopan.control.alerting import outbox as table
from lopan.control.database import reading

LEASE = timedelta(seconds=30)
LIFETIME = timedelta(hours=24)
FIRST_DELAY, LONGEST_DELAY, LONGEST_WAIT = 1.0, 300.0, 3_600.0
STEP_IN_AFTER = 4
_random = SystemRandom()


class Claim(msgspec.Struct, frozen=True):
    """The right to send one message once; ``number`` counts the attempts from 1."""

    id: int
    number: int
    channel: str
    message: Message


class Outbox:
    """The messages of one control database; every call is one short transaction, fenced by ``epoch``."""

    def __init__(self, engine: Engine, dispatch: Dispatch, epoch: int) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._epoch = epoch

    def release(self, now: datetime) -> None:
        """Make what an earlier process had claimed due at once; called before the first claim."""
        with self._engine.begin() as connection:
            leader.check(connection, self._epoch)
            connection.execute(update(table).where(table.c.state == "claimed").values(lease_until=now))

    def claim(self, channel: str, now: datetime) -> Claim | None:
        """The channel's next due message that is still worth sending, or None."""
        with self._engine.begin() as connection:
            leader.check(connection, self._epoch)
            while (row := connection.execute(_due(channel, now)).mappings().first()) is not None:
                if row["state"] == "claimed":
                    _close(connection, row["id"], row["attempts"], now, "uncertain", "the process ended while sending")
                note = _stale(connection, row)
                if note is None:
                    return _take(connection, row, now)
                _end(connection, row["id"], now, "dropped", note)
        return None

    def sent(self, claim: Claim, now: datetime) -> None:
        """Record a delivery, which also shows that the channel lives."""
        with self._engine.begin() as connection:
            leader.check(connection, self._epoch)
            if _close(connection, claim.id, claim.number, now, "sent", ""):
                _end(connection, claim.id, now, "sent", "")
            self._mark(connection, claim.channel, dead_since=None, last_sent_at=now, note="")

    def failed(self, claim: Claim, error: TransportError, now: datetime) -> None:
        """Record a failure: try again later, or give the message to the next channel and show this one as dead."""
        outcome = "uncertain" if error.uncertain else "refused" if error.permanent else "retry"
        with self._engine.begin() as connection:
            leader.check(connection, self._epoch)
            if not _close(connection, claim.id, claim.number, now, outcome, str(error)):
                return
            row = connection.execute(select(table).where(table.c.id == claim.id)).mappings().one()
            if error.permanent:
                self._mark_dead(connection, claim.channel, str(error), now)
            if error.permanent or now - row["created_at"] >= LIFETIME:
                _end(connection, claim.id, now, "failed", str(error))
                self._step_in(connection, row, str(error), now)
                return
            at = now + timedelta(seconds=delay(claim.number, error.retry_after))
            values = {"state": "waiting", "next_at": at, "lease_until": None, "note": str(error)}
            connection.execute(update(table).where(table.c.id == claim.id).values(values))
            if claim.number == STEP_IN_AFTER:
                self._step_in(connection, row, str(error), now)

    def next_due(self, channel: str) -> datetime | None:
        """When the channel's next message becomes due; None when there is none."""
        wanted = select(table.c.lease_until, table.c.next_at).where(
            table.c.channel == channel, table.c.state.in_(("waiting", "claimed"))
        )
        with reading(self._engine) as connection:
            return min((lease or at for lease, at in connection.execute(wanted)), default=None)

    def _step_in(self, connection: Connection, row: RowMapping, reason: str, now: datetime) -> None:
        if row["kind"] == "resolved":
            return
        same = (table.c.alert_id == row["alert_id"], table.c.sequence == row["sequence"])
        tried = set(connection.execute(select(table.c.channel).where(*same)).scalars())
        dead = select(alert_channels.c.name).where(alert_channels.c.dead_since.is_not(None))
        name = self._dispatch.next(tried, set(connection.execute(dead).scalars()))
        if name is not None:
            message = msgspec.json.decode(row["body"], type=Message)
            message = msgspec.structs.replace(message, instead_of=f"{row['channel']} failed: {reason}")
            post(connection, message, row["sequence"], [name], now)

    def _mark_dead(self, connection: Connection, name: str, note: str, now: datetime) -> None:
        since = connection.execute(
            select(alert_channels.c.dead_since).where(alert_channels.c.name == name)
        ).scalar_one_or_none()
        self._mark(connection, name, dead_since=since or now, note=note)

    def _mark(self, connection: Connection, name: str, **values: Any) -> None:
        done = connection.execute(update(alert_channels).where(alert_channels.c.name == name).values(**values))
        if done.rowcount == 0:
            kind = next((channel.kind for channel in self._dispatch.channels if channel.name == name), "")
            connection.execute(insert(alert_channels).values(name=name, kind=kind, **values))


def post(connection: Connection, message: Message, sequence: int, channels: list[str], now: datetime) -> None:
    """Put one message for each channel into the outbox, in the caller's transaction."""
    for channel in channels:
        key = uuid4().hex
        connection.execute(
            insert(table).values(
                alert_id=message.alert_id,
                sequence=sequence,
                channel=channel,
                kind=message.kind,
                key=key,
                body=msgspec.json.encode(msgspec.structs.replace(message, id=key)).decode(),
                priority=PRIORITY[message.severity],
                state="waiting",
                attempts=0,
                next_at=now,
                created_at=now,
                note="",
            )
        )


def delay(attempt: int, retry_after: float | None) -> float:
    """Seconds until the next attempt: exponential with full jitter, and never sooner than the receiver asked for."""
    jitter = _random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt - 1, 30)))
    return max(jitter, min(retry_after or 0.0, LONGEST_WAIT))


def _due(channel: str, now: datetime) -> Any:
    free = and_(table.c.state == "waiting", table.c.next_at <= now)
    lapsed = and_(table.c.state == "claimed", table.c.lease_until <= now)
    wanted = select(table).where(table.c.channel == channel, or_(free, lapsed))
    return wanted.order_by(table.c.priority, table.c.id).limit(1).with_for_update()


def _take(connection: Connection, row: RowMapping, now: datetime) -> Claim:
    number = row["attempts"] + 1
    connection.execute(
        update(table).where(table.c.id == row["id"]).values(state="claimed", attempts=number, lease_until=now + LEASE)
    )
    connection.execute(
        insert(delivery_attempts).values(
            outbox_id=row["id"], number=number, started_at=now, outcome="sending", detail=""
        )
    )
    return Claim(row["id"], number, row["channel"], msgspec.json.decode(row["body"], type=Message))


def _stale(connection: Connection, row: RowMapping) -> str | None:
    """Why the message is no longer worth sending, looked up at the last moment before it is."""
    same = (table.c.alert_id == row["alert_id"], table.c.channel == row["channel"])
    newer = connection.execute(
        select(table.c.kind).where(*same, table.c.id > row["id"]).order_by(table.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    if newer is not None:
        return "the alert was resolved before this was sent" if newer == "resolved" else f"replaced by: {newer}"
    if row["kind"] != "resolved":
        return None
    uncertain = select(delivery_attempts.c.outbox_id).where(delivery_attempts.c.outcome == "uncertain")
    heard = or_(table.c.state == "sent", table.c.id.in_(uncertain))
    told = connection.execute(select(table.c.id).where(*same, table.c.id < row["id"], heard).limit(1)).first()
    return None if told else "nothing about this alert had been sent here"


def _close(connection: Connection, row_id: int, number: int, now: datetime, outcome: str, detail: str) -> bool:
    """Finish an attempt; False when it is not the message's current one, so its outcome must not count."""
    attempt = (delivery_attempts.c.outbox_id == row_id, delivery_attempts.c.number == number)
    connection.execute(
        update(delivery_attempts).where(*attempt).values(finished_at=now, outcome=outcome, detail=detail)
    )
    current = select(table.c.id).where(table.c.id == row_id, table.c.attempts == number, table.c.state == "claimed")
    return connection.execute(current).first() is not None


def _end(connection: Connection, row_id: int, now: datetime, state: str, note: str) -> None:
    values = {"state": state, "done_at": now, "lease_until": None, "note": note}
    connection.execute(update(table).where(table.c.id == row_id).values(values))
