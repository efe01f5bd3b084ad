"""How far each pull has got and how it went: one row a connection and part of it (a mapping, or the broker)."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from lopan.control.database import reading
from lopan.control.tables import Moment, metadata

pulls = Table(
    "pulls",
    metadata,
    Column("connection", String(24), nullable=False),
    Column("part", String(64), nullable=False),
    Column("watermark", String(200), nullable=False, server_default=""),
    Column("tried_at", Moment),
    Column("succeeded_at", Moment),
    Column("failing_since", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("compared_at", Moment),
    Column("taken", BigInteger, nullable=False, server_default="0"),
    Column("refused", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("connection", "part"),
)

machine_states = Table(
    "machine_states",
    metadata,
    Column("connection", String(24), nullable=False),
    Column("work_unit", String(200), nullable=False),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("connection", "work_unit"),
)


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """``watermark`` is where the next pull begins, ``compared_at`` when keys were last compared to find deleted rows.

    ``failures`` in a row since ``failing_since``, the last with ``error``; ``taken`` counts all rows there ever came,
    ``refused`` those of the last pull.
    """

    connection: str
    part: str
    watermark: str = ""
    tried_at: datetime | None = None
    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    error: str = ""
    compared_at: datetime | None = None
    taken: int = 0
    refused: int = 0


def listing(engine: Engine) -> list[Pull]:
    """Every pull there ever was, by name."""
    with reading(engine) as connection:
        found = connection.execute(select(pulls).order_by(pulls.c.connection, pulls.c.part)).mappings()
        return [Pull(**row) for row in found]


def get(engine: Engine, name: str, part: str) -> Pull:
    """One pull; a blank one when it was never tried."""
    with reading(engine) as connection:
        wanted = select(pulls).where(pulls.c.connection == name, pulls.c.part == part)
        row = connection.execute(wanted).mappings().one_or_none()
    return Pull(**row) if row is not None else Pull(connection=name, part=part)


def keep(engine: Engine, pull: Pull) -> None:
    """Write a pull down, over what was known of it."""
    values = msgspec.structs.asdict(pull)
    with engine.begin() as connection:
        same = (pulls.c.connection == pull.connection, pulls.c.part == pull.part)
        if connection.execute(update(pulls).where(*same).values(values)).rowcount == 0:
            connection.execute(insert(pulls).values(values))


def succeeded(
    pull: Pull, at: datetime, *, watermark: str, taken: int, refused: int, compared_at: datetime | None
) -> Pull:
    """The pull after it went well."""
    return msgspec.structs.replace(
        pull, watermark=watermark, tried_at=at, succeeded_at=at, failing_since=None, failures=0, error="",
        compared_at=compared_at, taken=pull.taken + taken, refused=refused,
    )  # fmt: skip


def failed(pull: Pull, at: datetime, error: str) -> Pull:
    """The pull after it did not; what it had stays, so that the next one begins at the same place."""
    return msgspec.structs.replace(
        pull, tried_at=at, failing_since=pull.failing_since or at, failures=pull.failures + 1, error=error[:500]
    )


def machines(engine: Engine, name: str) -> dict[str, bytes]:
    """What is known of each work unit of a connection, as it was written down."""
    wanted = select(machine_states.c.work_unit, machine_states.c.state).where(machine_states.c.connection == name)
    with reading(engine) as connection:
        return {unit: state.encode() for unit, state in connection.execute(wanted)}


def keep_machines(engine: Engine, name: str, states: dict[str, bytes]) -> None:
    """Write down what is known of work units, over what was."""
    with engine.begin() as connection:
        for unit, state in states.items():
            same = (machine_states.c.connection == name, machine_states.c.work_unit == unit)
            written = update(machine_states).where(*same).values(state=state.decode())
            if connection.execute(written).rowcount == 0:
                connection.execute(insert(machine_states).values(connection=name, work_unit=unit, state=state.decode()))
