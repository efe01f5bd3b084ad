"""Names that belong to one person: sets of numbers, each told by the smallest number in it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from lopan.control.database import reading
from lopan.control.identities import numbers
from lopan.control.tables import metadata
from lopan.errors import TryAgain

MOST = 100
"""Names of one person; beyond, a name that many share ("guest") would make everybody one."""

merges = Table(
    "merges",
    metadata,
    Column("kind", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("person", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "number"),
    Index("ix_merges_person", "kind", "person"),
    sqlite_with_rowid=False,
)

log = logging.getLogger(__name__)


def merge(engine: Engine, kind: str, pairs: Iterable[tuple[str, str]]) -> int:
    """Make the two names of each pair one person, durably; returns how many pairs were not one before.

    A name that is not known yet gets its number. Raises TryAgain when the database stays busy.
    """
    wanted = [(one, other) for one, other in dict.fromkeys(pairs) if one and other and one != other]
    if not wanted:
        return 0
    known = numbers(engine, kind, [name for pair in wanted for name in pair])
    asked = {(min(known[one], known[other]), max(known[one], known[other])) for one, other in wanted}
    with reading(engine) as connection:
        if not any(_root(connection, kind, one) != _root(connection, kind, other) for one, other in asked):
            return 0
    try:
        with engine.begin() as connection:
            return sum(_join(connection, kind, one, other) for one, other in sorted(asked))
    except OperationalError as error:
        raise TryAgain(f"the control database takes no merges of {kind} names: {error.orig}") from error


def persons(engine: Engine, kind: str) -> dict[int, int]:
    """Number to the smallest number of its person, for every number that is not the smallest itself."""
    with reading(engine) as connection:
        rows = connection.execute(select(merges.c.number, merges.c.person).where(merges.c.kind == kind))
        return {row.number: row.person for row in rows}


def members(engine: Engine, kind: str, person: int) -> Sequence[int]:
    """All numbers of one person, its own included."""
    with reading(engine) as connection:
        return _members(connection, kind, person)


def _root(connection: Connection, kind: str, number: int) -> int:
    query = select(merges.c.person).where(merges.c.kind == kind, merges.c.number == number)
    return int(connection.scalar(query) or number)


def _members(connection: Connection, kind: str, person: int) -> Sequence[int]:
    query = select(merges.c.number).where(merges.c.kind == kind, merges.c.person == person).order_by(merges.c.number)
    return [person, *connection.scalars(query)]


def _join(connection: Connection, kind: str, one: int, other: int) -> bool:
    low, high = sorted((_root(connection, kind, one), _root(connection, kind, other)))
    if low == high:
        return False
    of_kind = select(func.count()).select_from(merges).where(merges.c.kind == kind)
    size = 2 + sum(connection.scalar(of_kind.where(merges.c.person == root)) or 0 for root in (low, high))
    if size > MOST:
        log.warning("%s %d and %d stay apart: one person has at most %d names", kind, low, high, MOST)
        return False
    connection.execute(update(merges).where(merges.c.kind == kind, merges.c.person == high).values(person=low))
    connection.execute(insert(merges).values(kind=kind, number=high, person=low))
    return True
