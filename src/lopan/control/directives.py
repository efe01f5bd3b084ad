"""Directives as they are kept: made, changed and ended, each with its entry in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.alerting import alerts
from lopan.control.database import reading
from lopan.control.directive import Content, Draft, Survey
from lopan.control.tables import Moment, metadata, projects
from lopan.control.targets import Targets
from lopan.errors import Rejected

State = Literal["scheduled", "active", "ended"]
MOST_LIVE: Final = 100
"""Directives of one project that may be scheduled or active at a time: a client is told in one small answer."""

directives = Table(
    "directives",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, index=True),
    Column("priority", Integer, nullable=False),
    Column("alert_id", ForeignKey("alerts.id", ondelete="SET NULL")),
    Column("playbook", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("made_by", String(254), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("changed_by", String(254), nullable=False),
    Column("changed_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)


class Directive(msgspec.Struct, frozen=True, kw_only=True):
    """One directive; ``ends`` None = until somebody ends it, ``revision`` counts its changes from 1."""

    id: int
    project: int
    content: Content
    targets: Targets
    starts: datetime
    ends: datetime | None
    priority: int
    alert: int | None
    playbook: str
    revision: int
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime

    @property
    def kind(self) -> str:
        """The kind's name in the protocol."""
        return str(self.content.__struct_config__.tag)

    def state(self, now: datetime) -> State:
        """Scheduled before its start, ended from its end on."""
        if self.ends is not None and self.ends <= now:
            return "ended"
        return "active" if self.starts <= now else "scheduled"


def create(engine: Engine, draft: Draft, actor: str, clock: Clock = SYSTEM) -> Directive:
    """Make a directive; Rejected for a project or alert that is not there, an end that has passed, or too many."""
    now = clock.now()
    starts = draft.starts or now
    _check_end(draft.ends, starts, now)
    with engine.begin() as connection:
        _refer(connection, draft)
        _room(connection, draft.project, now)
        row = _values(draft, starts) | {
            "project_id": draft.project,
            "kind": draft.content.__struct_config__.tag,
            "revision": 1,
            "made_by": actor,
            "made_at": now,
            "changed_by": actor,
            "changed_at": now,
        }
        number = connection.execute(insert(directives).values(row).returning(directives.c.id)).scalar_one()
        audit.record(connection, actor, "directive.create", str(number), _told(draft), clock)
        return _one(connection, number)


def change(engine: Engine, number: int, revision: int, draft: Draft, actor: str, clock: Clock = SYSTEM) -> Directive:
    """Replace what the directive says, to whom and when; kind and project stay.

    Rejected when it has ended, or when somebody else changed it since ``revision``.
    """
    now = clock.now()
    with engine.begin() as connection:
        found = _one(connection, number)
        _open(found, now)
        if found.revision != revision:
            raise Rejected("revision", f"{found.changed_by} changed it in the meantime; reload it and change it again")
        if draft.project != found.project or draft.content.__struct_config__.tag != found.kind:
            raise Rejected("content.kind", "the kind and the project stay; end this directive and make another one")
        _refer(connection, draft)
        starts = draft.starts or found.starts
        _check_end(draft.ends, starts, now)
        values = _values(draft, starts) | {"revision": revision + 1, "changed_by": actor, "changed_at": now}
        connection.execute(update(directives).where(directives.c.id == number).values(values))
        audit.record(connection, actor, "directive.change", str(number), _told(draft), clock)
        return _one(connection, number)


def end(engine: Engine, number: int, actor: str, clock: Clock = SYSTEM) -> Directive:
    """End it now; one that has not started yet never starts. Rejected when it has ended already."""
    now = clock.now()
    with engine.begin() as connection:
        found = _one(connection, number)
        _open(found, now)
        values = {"ends_at": now, "revision": found.revision + 1, "changed_by": actor, "changed_at": now}
        connection.execute(update(directives).where(directives.c.id == number).values(values))
        audit.record(connection, actor, "directive.end", str(number), f"{found.kind}: {found.content.summary}", clock)
        return _one(connection, number)


def one(engine: Engine, number: int) -> Directive:
    """The directive of that number; Rejected when there is none."""
    with reading(engine) as connection:
        return _one(connection, number)


def live(engine: Engine, now: datetime) -> list[Directive]:
    """Those that are active or will be, of all projects, in the order in which a client is told: see ``rank``."""
    wanted = select(directives).where(directives.c.ends_at.is_(None) | (directives.c.ends_at > now))
    with reading(engine) as connection:
        return sorted((_read(row) for row in connection.execute(wanted).mappings()), key=rank)


def listing(engine: Engine, limit: int = 200, before: int | None = None) -> list[Directive]:
    """The newest first, the ended ones as well; ``before`` is the id of the last one of the page before."""
    wanted = select(directives).order_by(directives.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(directives.c.id < before)
    with reading(engine) as connection:
        return [_read(row) for row in connection.execute(wanted).mappings()]


def of_survey(engine: Engine, survey: str, project: int = 0) -> list[int]:
    """Numbers of the directives that ever asked ``survey``, for its response rate; project 0 = all."""
    wanted = select(directives).where(directives.c.kind == "survey").order_by(directives.c.id)
    if project:
        wanted = wanted.where(directives.c.project_id == project)
    with reading(engine) as connection:
        found = [_read(row) for row in connection.execute(wanted).mappings()]
    return [one.id for one in found if isinstance(one.content, Survey) and one.content.survey == survey]


def rank(directive: Directive) -> tuple[int, int]:
    """Higher priority first, of equal ones the newest."""
    return -directive.priority, -directive.id


def _check_end(ends: datetime | None, starts: datetime, now: datetime) -> None:
    if ends is not None and ends <= max(starts, now):
        raise Rejected("ends", "must lie in the future and after the start; leave it out to end it by hand")


def _open(found: Directive, now: datetime) -> None:
    if found.state(now) == "ended":
        raise Rejected("id", f"directive {found.id} has ended and stays as it was; make another one")


def _refer(connection: Connection, draft: Draft) -> None:
    if connection.scalar(select(projects.c.id).where(projects.c.id == draft.project)) is None:
        raise Rejected("project", f"there is no project {draft.project}; `lopan keys create --project NAME` makes one")
    if draft.alert and connection.scalar(select(alerts.c.id).where(alerts.c.id == draft.alert)) is None:
        raise Rejected("alert", f"there is no alert {draft.alert}")


def _room(connection: Connection, project: int, now: datetime) -> None:
    still = directives.c.ends_at.is_(None) | (directives.c.ends_at > now)
    count = connection.scalar(select(func.count()).where(directives.c.project_id == project, still)) or 0
    if count >= MOST_LIVE:
        raise Rejected("project", f"{count} directives are active or scheduled, which is the most; end one first")


def _values(draft: Draft, starts: datetime) -> dict[str, Any]:
    return {
        "content": msgspec.json.encode(draft.content).decode(),
        "targets": msgspec.json.encode(draft.targets).decode(),
        "starts_at": starts,
        "ends_at": draft.ends,
        "priority": draft.priority,
        "alert_id": draft.alert,
        "playbook": draft.playbook,
    }


def _told(draft: Draft) -> str:
    return f"{draft.content.__struct_config__.tag}: {draft.content.summary}"


def _one(connection: Connection, number: int) -> Directive:
    row = connection.execute(select(directives).where(directives.c.id == number)).mappings().one_or_none()
    if row is None:
        raise Rejected("id", f"there is no directive {number}")
    return _read(row)


def _read(row: RowMapping) -> Directive:
    copied = ("id", "priority", "playbook", "revision", "made_by", "made_at", "changed_by", "changed_at")
    return Directive(
        project=row["project_id"],
        content=msgspec.json.decode(row["content"], type=Content),
        targets=msgspec.json.decode(row["targets"], type=Targets),
        starts=row["starts_at"],
        ends=row["ends_at"],
        alert=row["alert_id"],
        **{name: row[name] for name in copied},
    )
