"""Batches of business facts: what came from where, who sent it, and how far it got.

States: staging -> staged -> loaded -> undoing -> undone, or staging -> failed. What is ``staged`` is safe on disk and
will be loaded, whatever happens to the process; what was still ``staging`` when it ended changed nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import uuid4

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.tables import Moment, metadata
from lopan.errors import Rejected

State = Literal["staging", "staged", "loaded", "undoing", "undone", "failed"]

batches = Table(
    "batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("fact", String(32), nullable=False),
    Column("source", String(64), nullable=False),
    Column("origin", String(255), nullable=False),
    Column("by", String(255), nullable=False),
    Column("once", String(200)),
    Column("state", String(16), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("taken", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("source", "fact", "once"),
    Index("ix_batches_began_at", "began_at"),
    Index("ix_batches_state", "state"),
)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """``source`` owns the keys of its rows, ``origin`` says what the rows came in (a file, an address, a table).

    ``once`` is the sender's idempotency key; ``taken`` and ``refused`` count rows, ``note`` says why it failed.
    """

    id: str
    fact: str
    source: str
    origin: str
    by: str
    once: str | None
    state: State
    began_at: datetime
    ended_at: datetime | None
    taken: int
    refused: int
    note: str


def begin(
    engine: Engine, fact: str, source: str, origin: str, by: str, once: str | None = None, clock: Clock = SYSTEM
) -> tuple[Batch, bool]:
    """A new batch in state staging and True; one that was sent ``once`` before, as it is now, and False.

    A failed batch gives its ``once`` free, so that it can be sent again.
    """
    row = {
        "id": uuid4().hex, "fact": fact, "source": source, "origin": origin[:255], "by": by[:255], "once": once,
        "state": "staging", "began_at": clock.now(), "ended_at": None, "taken": 0, "refused": 0, "note": "",
    }  # fmt: skip
    with engine.begin() as connection:
        if once is not None:
            same = (batches.c.source == source, batches.c.fact == fact, batches.c.once == once)
            found = connection.execute(select(batches).where(*same)).mappings().one_or_none()
            if found is not None:
                return Batch(**found), False
        connection.execute(insert(batches).values(row))
        return _found(connection, str(row["id"])), True


def move(
    engine: Engine, batch: str, state: State, clock: Clock = SYSTEM, *,
    taken: int | None = None, refused: int | None = None, note: str | None = None,
) -> Batch:  # fmt: skip
    """Put a batch into ``state``; counts and note stay as they are where none are given.

    Only what is being staged can be staged: raises Rejected when another process gave it up meanwhile.
    """
    values: dict[str, object] = {"state": state}
    given = (("taken", taken), ("refused", refused), ("note", note))
    values |= {name: value for name, value in given if value is not None}
    if state in ("loaded", "undone", "failed"):
        values["ended_at"] = clock.now()
    if state == "failed":
        values["once"] = None
    with engine.begin() as connection:
        wanted = update(batches).where(batches.c.id == batch)
        if state == "staged":
            wanted = wanted.where(batches.c.state == "staging")
        done = connection.execute(wanted.values(values))
        found = _found(connection, batch)
        if done.rowcount == 0:
            raise Rejected(
                "batch", f"Lopan was started while the file was read, and gave it up ({found.state}); send it again"
            )
        return found


def undo(engine: Engine, batch: str, by: str, clock: Clock = SYSTEM) -> Batch:
    """Note that a loaded batch is being taken back; raises Rejected when it is not loaded."""
    with engine.begin() as connection:
        may = batches.c.state.in_(("loaded", "undoing"))
        done = connection.execute(update(batches).where(batches.c.id == batch, may).values(state="undoing"))
        found = _found(connection, batch)
        if done.rowcount == 0:
            raise Rejected("batch", f"only what is loaded can be undone; {batch} is {found.state}")
        audit.record(connection, by, "batch.undo", batch, f"{found.fact} from {found.source}", clock)
        return found


def get(engine: Engine, batch: str) -> Batch:
    """One batch; raises Rejected when there is none of that id."""
    with reading(engine) as connection:
        return _found(connection, batch)


def listing(engine: Engine, limit: int = 100, before: datetime | None = None, fact: str = "") -> list[Batch]:
    """The newest first; ``before`` goes on where a page ended."""
    wanted = select(batches).order_by(batches.c.began_at.desc(), batches.c.id).limit(limit)
    if before is not None:
        wanted = wanted.where(batches.c.began_at < before)
    if fact:
        wanted = wanted.where(batches.c.fact == fact)
    with reading(engine) as connection:
        return [Batch(**row) for row in connection.execute(wanted).mappings()]


def newest(engine: Engine) -> dict[str, datetime]:
    """When the last batch of each fact was loaded, by fact; undone ones do not count."""
    wanted = (
        select(batches.c.fact, func.max(batches.c.ended_at))
        .where(batches.c.state == "loaded")
        .group_by(batches.c.fact)
        .order_by(batches.c.fact)
    )
    with reading(engine) as connection:
        return {fact: at for fact, at in connection.execute(wanted) if at is not None}


def ended(engine: Engine, facts: Collection[str]) -> tuple[int, datetime | None]:
    """How many batches of ``facts`` were loaded or undone, and when the last: another pair when one was since."""
    wanted = select(func.count(), func.max(batches.c.ended_at)).where(
        batches.c.state.in_(("loaded", "undone")), batches.c.fact.in_(facts)
    )
    with reading(engine) as connection:
        count, at = connection.execute(wanted).one()
    return count, at


def unfinished(engine: Engine) -> list[Batch]:
    """Those that an earlier process left in the middle, the oldest first."""
    wanted = select(batches).where(batches.c.state.in_(("staging", "staged", "undoing"))).order_by(batches.c.began_at)
    with reading(engine) as connection:
        return [Batch(**row) for row in connection.execute(wanted).mappings()]


def _found(connection: Connection, batch: str) -> Batch:
    row = connection.execute(select(batches).where(batches.c.id == batch)).mappings().one_or_none()
    if row is None:
        raise Rejected("batch", f"there is no batch {batch[:64]!r}")
    return Batch(**row)
