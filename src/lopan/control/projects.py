"""Projects: the number in a DSN and the name on the page."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Engine, insert, select

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.tables import projects
from lopan.errors import Rejected


class ProjectRef(msgspec.Struct, frozen=True):
    """``id`` counts from 1 and is never given twice; it fits a UInt32."""

    id: int
    name: str


def ensure(connection: Connection, name: str, actor: str = "system", clock: Clock = SYSTEM) -> ProjectRef:
    """The project of that name, made when there is none; a name that can't be shown on one line is Rejected."""
    if not name.isprintable() or name != name.strip() or not 1 <= len(name) <= 64:
        raise Rejected("project", "a name has 1 to 64 printable characters and no space at either end")
    found = connection.scalar(select(projects.c.id).where(projects.c.name == name))
    if found is None:
        made = insert(projects).values(name=name, created_at=clock.now()).returning(projects.c.id)
        found = connection.execute(made).scalar_one()
        audit.record(connection, actor, "project.add", name, clock=clock)
    return ProjectRef(found, name)


def listing(engine: Engine) -> list[ProjectRef]:
    """All projects by number."""
    with reading(engine) as connection:
        rows = connection.execute(select(projects.c.id, projects.c.name).order_by(projects.c.id))
        return [ProjectRef(row.id, row.name) for row in rows]
