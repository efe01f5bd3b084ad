"""What stands around the charts of every page: its saved views, the marks, what may be saved and annotated."""

from __future__ import annotations

import asyncio

import anyio.to_thread
import msgspec
from starlette.requests import Request

from lopan.control import views
from lopan.control.principal import Principal
from lopan.control.views import View
from lopan.web import access, figures, marks
from lopan.web.marks import Mark
from lopan.web.navigation import Page
from lopan.web.parts import parts_of
from lopan.web.query import Query


class Toolbar(msgspec.Struct, frozen=True):
    """Of ``page`` with the query string ``query``; ``view`` is the one that was opened, ``range`` in words."""

    page: str
    query: str
    range: str
    views: list[View]
    view: View | None
    marks: list[Mark]
    may_save: bool
    may_annotate: bool

    @property
    def here(self) -> str:
        """The address to come back to."""
        return f"{self.page}?{self.query}"


async def load(request: Request, reader: Principal, page: Page, asked: Query) -> Toolbar:
    """Everything that ``toolbar.html`` and the charts need; forms are offered only to a session, not to a token."""
    parts, zone = parts_of(request), parts_of(request).zone
    known, found = await asyncio.gather(
        anyio.to_thread.run_sync(views.listing, parts.engine, reader.name, page.path),
        marks.of(parts, reader, asked.span, asked.filters, asked.against),
    )
    opened = request.query_params.get("view", "")
    began, ended = (figures.stamp(moment, zone) for moment in (asked.span.start, asked.span.end))
    return Toolbar(
        page=page.path,
        query=asked.address(),
        range=f"{began} to {ended} {figures.zone_name(zone, asked.span.end)}",
        views=known,
        view=next((view for view in known if str(view.id) == opened), None),
        marks=found,
        may_save=access.may_save(reader),
        may_annotate=access.may_annotate(reader) and reader.person,
    )
