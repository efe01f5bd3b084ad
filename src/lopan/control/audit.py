"""The append-only log of who did what: rows are written with the act they describe and never changed."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Engine, insert, select

from lopan.clock import SYSTEM, Clock
from lopan.control.database import reading
from lopan.control.tables import audit


class Entry(msgspec.Struct, frozen=True):
    """``actor`` did ``action`` (``user.add``, ``key.revoke``) to ``subject``."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


def record(
    connection: Connection, actor: str, action: str, subject: str, detail: str = "", clock: Clock = SYSTEM
) -> None:
    """Append one entry in the caller's transaction, so that neither the act nor its entry exists alone."""
    row = {"actor": actor[:254], "action": action, "subject": subject[:254], "detail": detail[:1000]}
    connection.execute(insert(audit).values(at=clock.now(), **row))


def entries(engine: Engine, limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest ``limit`` entries, newest first; ``before`` is the id of the last one of the page before."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    with reading(engine) as connection:
        return [Entry(**row) for row in connection.execute(query).mappings()]
