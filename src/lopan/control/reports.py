"""Reports by e-mail as they are kept: who wants them when, and the outbox of issues, one row a person and period.

States of an issue: waiting -> claimed -> sent | waiting (again later) | failed | dropped (with reason). Its unique key
of person and period is what makes every period go out once, whatever the clock or a crash does; a crash between the
server's answer and our note of it repeats one mail under the same Message-ID.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.principal import Principal
from lopan.control.tables import Moment, metadata, user_levels, users
from lopan.errors import Rejected

Every = Literal["week", "month"]
State = Literal["waiting", "claimed", "sent", "failed", "dropped"]
LEASE = timedelta(minutes=5)
"""Longer than a report and its delivery can take; after it a claim of a process that died is free again."""

subscriptions = Table(
    "report_subscriptions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("every", String(8), nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("secret", String(64), nullable=False),
    Column("since", Moment, nullable=False),
    UniqueConstraint("user_id", "every"),
    sqlite_autoincrement=True,
)

issues = Table(
    "report_issues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("every", String(8), nullable=False),
    Column("first", String(10), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("key", String(32), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("note", Text, nullable=False),
    UniqueConstraint("user_id", "every", "first"),
    Index("ix_report_issues_state_next_at", "state", "next_at"),
    sqlite_autoincrement=True,
)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """``weekday`` 0 = Monday, ``minute`` of the site's local day; what was due before ``since`` is not sent."""

    id: int
    user: int
    email: str
    every: Every
    weekday: int
    minute: int
    since: datetime
    secret: str

    @property
    def token(self) -> str:
        """What ends this subscription without signing in: its number, signed with its own secret."""
        return f"{self.id}.{_signature(self.id, self.secret)}"


class Due(msgspec.Struct, frozen=True):
    """A period by its first day (ISO 8601), and when its report is due."""

    first: str
    at: datetime


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to send one issue once; ``number`` counts the attempts from 1, ``key`` is the same in all of them.

    ``reader`` is who it goes to, with the levels of this moment; ``subscription`` None = it was ended meanwhile.
    """

    id: int
    number: int
    every: Every
    first: str
    key: str
    created_at: datetime
    reader: Principal
    subscription: Subscription | None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One issue as listed: what became of it, and why."""

    every: Every
    first: str
    due_at: datetime
    state: State
    attempts: int
    done_at: datetime | None
    note: str


def subscribe(
    engine: Engine, email: str, every: Every, weekday: int, minute: int, clock: Clock = SYSTEM
) -> Subscription:
    """Have the report sent to that person; one who has it already gets the new time and misses no period by it."""
    if every not in ("week", "month"):
        raise Rejected("every", f"is week or month, not {every!r}")
    if not 0 <= weekday <= 6:
        raise Rejected("weekday", f"is 0 (Monday) to 6 (Sunday), not {weekday}")
    if not 0 <= minute < 24 * 60:
        raise Rejected("minute", f"is a minute of a day, 0 to 1439, not {minute}")
    with engine.begin() as connection:
        user = connection.scalar(select(users.c.id).where(users.c.email == email))
        if user is None:
            raise Rejected("email", "reports go to people who can sign in; an API token has no mailbox")
        mine = (subscriptions.c.user_id == user, subscriptions.c.every == every)
        when = {"weekday": weekday, "minute": minute}
        if connection.execute(update(subscriptions).where(*mine).values(**when)).rowcount == 0:
            row = {"user_id": user, "every": every, "secret": secrets.token_hex(32), "since": clock.now(), **when}
            connection.execute(insert(subscriptions).values(row))
        detail = f"{every}, weekday {weekday}, minute {minute}"
        audit.record(connection, email, "report.subscribe", email, detail, clock)
        (found,) = _subscriptions(connection, *mine)
    return found


def unsubscribe(engine: Engine, email: str, every: str, clock: Clock = SYSTEM) -> bool:
    """End that person's subscription; False when there is none."""
    with engine.begin() as connection:
        found = _subscriptions(connection, users.c.email == email, subscriptions.c.every == every)
        return _ended(connection, found, email, clock)


def unsubscribe_by(engine: Engine, token: str, clock: Clock = SYSTEM) -> bool:
    """End the subscription that a mail's token names; True also when it had ended. Raises Rejected for a forgery."""
    with engine.begin() as connection:
        found = _signed(connection, token)
        return _ended(connection, [found] if found else [], "mail", clock) or found is None


def by_token(engine: Engine, token: str) -> Subscription | None:
    """The subscription that the token of a mail names, None when it has ended; raises Rejected for a forgery."""
    with reading(engine) as connection:
        return _signed(connection, token)


def listing(engine: Engine, email: str = "") -> list[Subscription]:
    """The subscriptions of one person, or with '' of everybody."""
    with reading(engine) as connection:
        return _subscriptions(connection, *([users.c.email == email] if email else []))


def history(engine: Engine, email: str, limit: int = 12) -> list[Sent]:
    """What was due for that person, the newest first."""
    columns = [issues.c[name] for name in Sent.__struct_fields__]
    wanted = select(*columns).join(users, users.c.id == issues.c.user_id).where(users.c.email == email)
    with reading(engine) as connection:
        rows = connection.execute(wanted.order_by(issues.c.due_at.desc(), issues.c.id.desc()).limit(limit)).mappings()
        return [Sent(**row) for row in rows]


def put(engine: Engine, subscription: Subscription, due: Iterable[Due], now: datetime) -> int:
    """Put into the outbox what is due and not yet there; of several the last alone is to be sent. Returns how many."""
    with engine.begin() as connection:
        if not _subscriptions(connection, subscriptions.c.id == subscription.id):
            return 0
        mine = (issues.c.user_id == subscription.user, issues.c.every == subscription.every)
        known = set(connection.scalars(select(issues.c.first).where(*mine)))
        listed = list(due)
        new = [one for one in listed if one.first not in known]
        for one in new:
            late = one is not listed[-1]
            values = {
                "user_id": subscription.user,
                "every": subscription.every,
                "first": one.first,
                "due_at": one.at,
                "key": uuid4().hex,
                "state": "dropped" if late else "waiting",
                "attempts": 0,
                "next_at": now,
                "created_at": now,
                "done_at": now if late else None,
                "note": "Lopan did not run when it was due, and the next one was due too" if late else "",
            }
            connection.execute(insert(issues).values(values))
    return len(new)


def release(engine: Engine, now: datetime) -> None:
    """Make what an earlier process had claimed due at once; called before the first claim."""
    with engine.begin() as connection:
        connection.execute(update(issues).where(issues.c.state == "claimed").values(lease_until=now))


def claim(engine: Engine, now: datetime) -> Claim | None:
    """The next issue to be sent, or None."""
    free = and_(issues.c.state == "waiting", issues.c.next_at <= now)
    lapsed = and_(issues.c.state == "claimed", issues.c.lease_until <= now)
    wanted = select(issues, users.c.email, users.c.admin).join(users, users.c.id == issues.c.user_id)
    with engine.begin() as connection:
        row = connection.execute(wanted.where(or_(free, lapsed)).order_by(issues.c.id).limit(1)).mappings().first()
        if row is None:
            return None
        number = row["attempts"] + 1
        taken = {"state": "claimed", "attempts": number, "lease_until": now + LEASE}
        connection.execute(update(issues).where(issues.c.id == row["id"]).values(**taken))
        same = (subscriptions.c.user_id == row["user_id"], subscriptions.c.every == row["every"])
        levels = connection.scalars(select(user_levels.c.level).where(user_levels.c.user_id == row["user_id"]))
        return Claim(
            id=row["id"],
            number=number,
            every=row["every"],
            first=row["first"],
            key=row["key"],
            created_at=row["created_at"],
            reader=Principal(row["email"], frozenset(levels), row["admin"]),
            subscription=next(iter(_subscriptions(connection, *same)), None),
        )


def finish(engine: Engine, claimed: Claim, state: State, note: str, now: datetime) -> None:
    """Record how the attempt ended for good; one that lost its claim changes nothing."""
    _set(engine, claimed, state=state, note=note, done_at=now, lease_until=None)


def later(engine: Engine, claimed: Claim, note: str, at: datetime) -> None:
    """Try again at ``at``."""
    _set(engine, claimed, state="waiting", note=note, next_at=at, lease_until=None)


def next_due(engine: Engine) -> datetime | None:
    """When the next issue in the outbox can be sent; None when it is empty."""
    wanted = select(issues.c.lease_until, issues.c.next_at).where(issues.c.state.in_(("waiting", "claimed")))
    with reading(engine) as connection:
        return min((lease or at for lease, at in connection.execute(wanted)), default=None)


def _set(engine: Engine, claimed: Claim, **values: object) -> None:
    current = (issues.c.id == claimed.id, issues.c.attempts == claimed.number, issues.c.state == "claimed")
    with engine.begin() as connection:
        connection.execute(update(issues).where(*current).values(**values))


def _subscriptions(connection: Connection, *wanted: ColumnElement[bool]) -> list[Subscription]:
    columns = (*(subscriptions.c[name] for name in _COPIED), subscriptions.c.user_id.label("user"), users.c.email)
    query = select(*columns).join(users, users.c.id == subscriptions.c.user_id).where(*wanted)
    rows = connection.execute(query.order_by(subscriptions.c.every.desc(), subscriptions.c.id)).mappings()
    return [Subscription(**row) for row in rows]


_COPIED = ("id", "every", "weekday", "minute", "since", "secret")


def _signed(connection: Connection, token: str) -> Subscription | None:
    number, _, signature = token.partition(".")
    if not number.isascii() or not number.isdecimal() or len(number) > 12 or len(signature) != 64:
        raise Rejected("token", "this is not a link that Lopan has sent; copy it from the mail in one piece")
    found = next(iter(_subscriptions(connection, subscriptions.c.id == int(number))), None)
    if found is not None and not hmac.compare_digest(_signature(found.id, found.secret).encode(), signature.encode()):
        raise Rejected("token", "this is not a link that Lopan has sent; copy it from the mail in one piece")
    return found


def _ended(connection: Connection, found: list[Subscription], actor: str, clock: Clock) -> bool:
    for one in found:
        connection.execute(delete(subscriptions).where(subscriptions.c.id == one.id))
        audit.record(connection, actor, "report.unsubscribe", one.email, one.every, clock)
    return bool(found)


def _signature(number: int, secret: str) -> str:
    return hmac.new(secret.encode(), f"unsubscribe {number}".encode(), hashlib.sha256).hexdigest()
