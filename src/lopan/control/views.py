"""Saved views: a page with its range, filters and comparison under a name, for its owner or for all who may open it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.tables import views
from lopan.errors import Rejected

MOST = 200
"""Views of one person; more could not be found again."""
_NAME = 80
_QUERY = 2_000


class View(msgspec.Struct, frozen=True):
    """``page`` is a path, ``query`` its query string; what a view shows is decided anew for whoever opens it."""

    id: int
    owner: str
    page: str
    name: str
    query: str
    shared: bool
    created_at: datetime
    updated_at: datetime

    @property
    def address(self) -> str:
        """Where it leads."""
        return f"{self.page}?{self.query}" if self.query else self.page


def save(
    engine: Engine, owner: str, page: str, name: str, query: str, shared: bool = False, clock: Clock = SYSTEM
) -> View:
    """A new view; Rejected for a name that is odd or taken on that page, a query that is too long, too many views."""
    name = _named(name)
    if len(query) > _QUERY:
        raise Rejected("query", f"an address to be saved has at most {_QUERY} characters; use fewer filters")
    now = clock.now()
    row = {"owner": owner, "page": page, "name": name, "query": query, "shared": shared}
    try:
        with engine.begin() as connection:
            held = connection.scalar(select(func.count()).select_from(views).where(views.c.owner == owner)) or 0
            if held >= MOST:
                raise Rejected("name", f"you have {MOST} views; delete one first")
            made = insert(views).values(row | {"created_at": now, "updated_at": now}).returning(views)
            view = View(**connection.execute(made).mappings().one())
            audit.record(connection, owner, "view.save", _subject(view), query, clock)
    except IntegrityError:
        raise _taken(name) from None
    return view


def listing(engine: Engine, reader: str, page: str = "") -> list[View]:
    """Own views and shared ones, of ``page`` or of all, by page and name."""
    query = select(views).where(or_(views.c.owner == reader, views.c.shared))
    if page:
        query = query.where(views.c.page == page)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(views.c.page, func.lower(views.c.name), views.c.id)).mappings()
        return [View(**row) for row in rows]


def find(engine: Engine, number: int, reader: str) -> View | None:
    """The view of that number when ``reader`` owns it or it is shared: others can't tell whether it exists."""
    query = select(views).where(views.c.id == number, or_(views.c.owner == reader, views.c.shared))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else View(**row)


def change(engine: Engine, number: int, name: str, shared: bool, actor: str, clock: Clock = SYSTEM) -> View:
    """Rename and share, or no longer share; Rejected as in ``save`` or when it is gone."""
    values = {"name": _named(name), "shared": shared, "updated_at": clock.now()}
    try:
        with engine.begin() as connection:
            old = _held(connection, number)
            made = update(views).where(views.c.id == number).values(values).returning(views)
            view = View(**connection.execute(made).mappings().one())
            detail = f"was {old.name}, now {'shared' if shared else 'private'}"
            audit.record(connection, actor, "view.change", _subject(view), detail, clock)
    except IntegrityError:
        raise _taken(name) from None
    return view


def remove(engine: Engine, number: int, actor: str, clock: Clock = SYSTEM) -> None:
    """Delete it for everybody; Rejected when it is gone."""
    with engine.begin() as connection:
        view = _held(connection, number)
        connection.execute(delete(views).where(views.c.id == number))
        audit.record(connection, actor, "view.delete", _subject(view), view.query, clock)


def _held(connection: Connection, number: int) -> View:
    row = connection.execute(select(views).where(views.c.id == number)).mappings().one_or_none()
    if row is None:
        raise Rejected("view", "it has been deleted; the list shows those there are")
    return View(**row)


def _named(name: str) -> str:
    name = name.strip()
    if not name.isprintable() or not 1 <= len(name) <= _NAME:
        raise Rejected("name", f"a view's name has 1 to {_NAME} printable characters")
    return name


def _taken(name: str) -> Rejected:
    return Rejected("name", f"a view of yours on this page is called {name!r} already; choose another name")


def _subject(view: View) -> str:
    return f"{view.id} {view.name} of {view.owner}"
