"""Baselines: what a window of days came to before the change whose savings are claimed, frozen and then approved.

States: frozen -> approved -> replaced, or frozen -> rejected. Values are never edited: a wrong baseline is replaced by
a new version, and one is approved at a time. Who approves is somebody else than who froze it.

``by`` is the person who acts; the audit log names ``actor`` where somebody else wrote it down, as on the command line.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.tables import Moment, metadata
from lopan.errors import Rejected

State = Literal["frozen", "approved", "replaced", "rejected"]

SHORTEST = 30
"""Days that a window should have at least, so that one odd week does not become the measure of all others."""

_LONGEST = 731
_NOTE = 1_000

baselines = Table(
    "baselines",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("first", String(10), nullable=False),
    Column("last", String(10), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("frozen", Text, nullable=False),
    Column("note", String(_NOTE), nullable=False),
    Column("frozen_by", String(254), nullable=False),
    Column("frozen_at", Moment, nullable=False),
    Column("decided_by", String(254)),
    Column("decided_at", Moment),
    Column("replaced_at", Moment),
    Index("ix_baselines_state", "state"),
    sqlite_autoincrement=True,
)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What one product came to at one site: units, and money in the currency of the baseline.

    ``standard`` is the standard cost of the good units, ``scrap_cost`` that of the scrapped ones, both of orders that
    have one: ``valued`` of the good units. ``cost`` is material, labour, machine and overhead together.
    """

    site: str
    product: str
    good: float
    scrap: float
    valued: float
    standard: float
    scrap_cost: float
    cost: float


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one site; ``earned`` are the standard hours of what was made in them."""

    site: str
    paid: float
    direct: float
    earned: float


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The time-weighted average value of one site's stock."""

    site: str
    average: float


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What rework and warranty cost at one site."""

    site: str
    cost: float


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """All values of a baseline, as sums, so that every site can be measured against its own part of them."""

    made: list[Made] = []
    worked: list[Worked] = []
    held: list[Held] = []
    repaired: list[Repaired] = []

    def at(self, site: str, product: str = "") -> Frozen:
        """Only what belongs to ``site`` and ``product``; "" = all."""
        return Frozen(
            made=[one for one in self.made if site in ("", one.site) and product in ("", one.product)],
            worked=[one for one in self.worked if site in ("", one.site)],
            held=[one for one in self.held if site in ("", one.site)],
            repaired=[one for one in self.repaired if site in ("", one.site)],
        )

    @property
    def empty(self) -> bool:
        """Whether nothing was known of the window."""
        return not (self.made or self.worked or self.held or self.repaired)


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """One version: the local days ``first`` to ``last``, both included, and what they came to in ``currency``.

    ``decided_by`` approved or rejected it; ``replaced_at`` is when a later version was approved in its place.
    """

    version: int
    state: State
    first: date
    last: date
    currency: str
    frozen: Frozen
    note: str
    frozen_by: str
    frozen_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    replaced_at: datetime | None = None

    @property
    def days(self) -> int:
        """Length of the window."""
        return (self.last - self.first).days + 1

    @property
    def short(self) -> bool:
        """Whether the window is shorter than it should be."""
        return self.days < SHORTEST


def window(first: date, last: date, today: date) -> tuple[date, date]:
    """The same two days; raises Rejected for a window that is not over, turned round, or longer than two years."""
    if last < first:
        raise Rejected("last", f"must not lie before the first day; got {first} and {last}")
    if last >= today:
        raise Rejected("last", f"only days that are over can be frozen; {last} is not yet")
    if (last - first).days >= _LONGEST:
        raise Rejected("first", f"a baseline has at most {_LONGEST} days")
    return first, last


def freeze(
    engine: Engine, first: date, last: date, currency: str, values: Frozen, by: str, note: str = "",
    clock: Clock = SYSTEM, actor: str = "",
) -> Baseline:  # fmt: skip
    """A new version that waits for approval; raises Rejected when its window held nothing, or for an odd note."""
    note = " ".join(note.split())
    if len(note) > _NOTE or not note.isprintable():
        raise Rejected("note", f"a note has at most {_NOTE} printable characters")
    if values.empty:
        raise Rejected("first", f"nothing is known of {first} to {last}: import facts of these days first")
    row = {
        "state": "frozen", "first": first.isoformat(), "last": last.isoformat(), "currency": currency,
        "frozen": msgspec.json.encode(values).decode(), "note": note, "frozen_by": by[:254], "frozen_at": clock.now(),
    }  # fmt: skip
    with engine.begin() as connection:
        made = connection.execute(insert(baselines).values(row).returning(baselines)).mappings().one()
        done = _baseline(made)
        _record(connection, "baseline.freeze", done, by, actor, clock)
        return done


def approve(engine: Engine, version: int, by: str, clock: Clock = SYSTEM, actor: str = "") -> Baseline:
    """Let savings be measured against it from now on; the one approved before is replaced.

    Raises Rejected when it does not wait for approval, or when ``by`` froze it.
    """
    with engine.begin() as connection:
        found = _waiting(connection, version)
        if found.frozen_by.casefold() == by.casefold():
            raise Rejected("version", f"{by} froze version {version}: somebody else has to approve it")
        now = clock.now()
        old = baselines.c.state == "approved"
        connection.execute(update(baselines).where(old).values(state="replaced", replaced_at=now))
        done = _decided(connection, version, "approved", by, now)
        _record(connection, "baseline.approve", done, by, actor, clock)
        return done


def reject(engine: Engine, version: int, by: str, clock: Clock = SYSTEM, actor: str = "") -> Baseline:
    """Put one that waits for approval aside, for good; who froze it may do so too."""
    with engine.begin() as connection:
        _waiting(connection, version)
        done = _decided(connection, version, "rejected", by, clock.now())
        _record(connection, "baseline.reject", done, by, actor, clock)
        return done


def current(engine: Engine) -> Baseline | None:
    """The approved one."""
    with reading(engine) as connection:
        row = connection.execute(select(baselines).where(baselines.c.state == "approved")).mappings().one_or_none()
    return None if row is None else _baseline(row)


def get(engine: Engine, version: int) -> Baseline:
    """One version; raises Rejected when there is none of that number."""
    with reading(engine) as connection:
        return _found(connection, version)


def listing(engine: Engine) -> list[Baseline]:
    """All versions, the newest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(baselines).order_by(baselines.c.version.desc())).mappings()
        return [_baseline(row) for row in rows]


def _record(connection: Connection, action: str, done: Baseline, by: str, actor: str, clock: Clock) -> None:
    named = f", by {by}" if actor else ""
    audit.record(connection, actor or by, action, str(done.version), f"{done.first} to {done.last}{named}", clock)


def _decided(connection: Connection, version: int, state: State, by: str, at: datetime) -> Baseline:
    values = {"state": state, "decided_by": by[:254], "decided_at": at}
    connection.execute(update(baselines).where(baselines.c.version == version).values(values))
    return _found(connection, version)


def _waiting(connection: Connection, version: int) -> Baseline:
    found = _found(connection, version)
    if found.state != "frozen":
        raise Rejected(
            "version", f"version {version} is {found.state}; only one that waits for approval can be decided"
        )
    return found


def _found(connection: Connection, version: int) -> Baseline:
    row = connection.execute(select(baselines).where(baselines.c.version == version)).mappings().one_or_none()
    if row is None:
        raise Rejected("version", f"there is no baseline of version {version}")
    return _baseline(row)


def _baseline(row: RowMapping) -> Baseline:
    values = dict(row)
    values |= {name: date.fromisoformat(values[name]) for name in ("first", "last")}
    values["frozen"] = msgspec.json.decode(values["frozen"], type=Frozen)
    return Baseline(**values)
