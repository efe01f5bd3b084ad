"""Annotations: what happened at a moment, as marks on every chart over time; told by people and deployment scripts."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Engine, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.tables import chart_annotations
from lopan.errors import Rejected

MOST = 200
"""Annotations of one range; the newest ones, for more could not be told apart on a chart."""
_TEXT = 200
_RELEASE = 200
_YEARS = (1971, 2200)


class Annotation(msgspec.Struct, frozen=True):
    """``project_id`` None = all projects, ``release`` empty = all releases; ``author`` is a person or a token."""

    id: int
    at: datetime
    text: str
    project_id: int | None
    release: str
    author: str
    created_at: datetime


def add(
    engine: Engine,
    at: datetime,
    text: str,
    author: str,
    project: int | None = None,
    release: str = "",
    clock: Clock = SYSTEM,
) -> Annotation:
    """A new annotation at ``at``, aware; Rejected for an odd text, a time out of reach, an unknown project."""
    text = " ".join(text.split())
    if not text.isprintable() or not 1 <= len(text) <= _TEXT:
        raise Rejected("text", f"an annotation has 1 to {_TEXT} printable characters")
    if not release.isprintable() or len(release) > _RELEASE:
        raise Rejected("release", f"a release has at most {_RELEASE} printable characters")
    if at.tzinfo is None or not _YEARS[0] < at.year < _YEARS[1]:
        raise Rejected("at", "expected a time with a zone, such as 2026-11-22T10:00:00Z, in 1972 to 2199")
    row = {"at": at, "text": text, "project_id": project, "release": release, "author": author}
    try:
        with engine.begin() as connection:
            made = insert(chart_annotations).values(row | {"created_at": clock.now()}).returning(chart_annotations)
            annotation = Annotation(**connection.execute(made).mappings().one())
            audit.record(connection, author, "annotation.add", str(annotation.id), text, clock)
    except IntegrityError:
        raise Rejected("project", f"there is no project {project}; the page Sources lists those there are") from None
    return annotation


def within(
    engine: Engine, start: datetime, end: datetime, project: int | None = None, releases: tuple[str, ...] = ()
) -> list[Annotation]:
    """Those in [start, end) by time, at most the newest ``MOST``; of ``project`` and ``releases``, or of all.

    What is about all projects or all releases belongs to each of them.
    """
    query = select(chart_annotations).where(chart_annotations.c.at >= start, chart_annotations.c.at < end)
    if project is not None:
        query = query.where(or_(chart_annotations.c.project_id == project, chart_annotations.c.project_id.is_(None)))
    if releases:
        query = query.where(chart_annotations.c.release.in_(["", *releases]))
    with reading(engine) as connection:
        rows = connection.execute(
            query.order_by(chart_annotations.c.at.desc(), chart_annotations.c.id.desc()).limit(MOST)
        )
        return [Annotation(**row) for row in rows.mappings()][::-1]


def find(engine: Engine, number: int) -> Annotation | None:
    """The annotation of that number."""
    with reading(engine) as connection:
        row = (
            connection.execute(select(chart_annotations).where(chart_annotations.c.id == number))
            .mappings()
            .one_or_none()
        )
    return None if row is None else Annotation(**row)


def remove(engine: Engine, number: int, actor: str, clock: Clock = SYSTEM) -> None:
    """Take it off all charts; Rejected when it is gone already."""
    with engine.begin() as connection:
        gone = delete(chart_annotations).where(chart_annotations.c.id == number).returning(chart_annotations.c.text)
        text = connection.scalar(gone)
        if text is None:
            raise Rejected("annotation", f"there is no annotation {number}; it may have been deleted")
        audit.record(connection, actor, "annotation.delete", str(number), text, clock)
