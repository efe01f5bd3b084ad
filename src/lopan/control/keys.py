"""Ingest keys: the public half of a DSN, which lets a client send to one project and read nothing."""

from __future__ import annotations

import re
import secrets

import msgspec
from sqlalchemy import Engine, insert, select, update

from lopan.clock import SYSTEM, Clock
from lopan.control import audit, projects
from lopan.control.database import reading
from lopan.control.projects import ProjectRef
from lopan.control.secret import Issued, digest
from lopan.control.tables import ingest_keys
from lopan.control.tables import projects as project_table
from lopan.errors import Rejected

_SHAPE = re.compile(r"[0-9a-f]{32}")


class NewKey(msgspec.Struct, frozen=True):
    """A key in the only moment it is known: 32 hex digits, of which the database keeps a SHA-256."""

    key: str
    project_id: int
    project: str

    def dsn(self, url: str) -> str:
        """The address a Sentry client is given, for a Lopan reached at ``url`` (http or https, path allowed)."""
        scheme, _, rest = url.rstrip("/").partition("://")
        return f"{scheme}://{self.key}@{rest}/{self.project_id}"


def create(engine: Engine, project: str, actor: str = "system", clock: Clock = SYSTEM) -> NewKey:
    """A new key for the project of that name, which is made when there is none."""
    key = secrets.token_hex(16)
    with engine.begin() as connection:
        ref = projects.ensure(connection, project, actor, clock)
        row = {"project_id": ref.id, "hash": digest(key), "hint": key[:4], "created_at": clock.now()}
        connection.execute(insert(ingest_keys).values(row))
        audit.record(connection, actor, "key.create", project, f"{key[:4]}...", clock)
    return NewKey(key, ref.id, ref.name)


def verify(engine: Engine, key: str) -> ProjectRef | None:
    """The project that ``key`` may send to; None when it is malformed, unknown or revoked."""
    if not _SHAPE.fullmatch(key):
        return None
    query = (
        select(project_table.c.id, project_table.c.name)
        .join(ingest_keys, ingest_keys.c.project_id == project_table.c.id)
        .where(ingest_keys.c.hash == digest(key), ingest_keys.c.revoked_at.is_(None))
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else ProjectRef(row.id, row.name)


def listing(engine: Engine) -> list[Issued]:
    """All keys, the revoked ones as well, by number; ``name`` is the project's."""
    columns = (ingest_keys.c.id, project_table.c.name, ingest_keys.c.hint)
    query = select(*columns, ingest_keys.c.created_at, ingest_keys.c.revoked_at).join(project_table)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(ingest_keys.c.id)).mappings()
        return [Issued(**row) for row in rows]


def revoke(engine: Engine, number: int, actor: str = "system", clock: Clock = SYSTEM) -> None:
    """Refuse the key from now on; a number that is unknown or revoked already is Rejected."""
    change = update(ingest_keys).where(ingest_keys.c.id == number, ingest_keys.c.revoked_at.is_(None))
    with engine.begin() as connection:
        if connection.execute(change.values(revoked_at=clock.now())).rowcount == 0:
            raise Rejected("key", f"there is no live key with number {number}; `lopan keys list` shows them")
        audit.record(connection, actor, "key.revoke", str(number), clock=clock)
