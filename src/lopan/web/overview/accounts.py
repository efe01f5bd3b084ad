"""Whom to call first: the head of the book of business by priority, and its sum in one line."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request

from lopan.control.principal import Principal
from lopan.web import navigation, render
from lopan.web.customers import board, words
from lopan.web.overview.panel import Panel
from lopan.web.parts import parts_of

ROWS = 6


async def draw(request: Request, reader: Principal) -> Markup:
    """The most urgent customers."""
    found = await board.load(parts_of(request), reader, board.read({}), ROWS)
    if found.empty:
        return Markup()
    return render.drawn(request, "overview/panels.html", "accounts", found, words)


PANEL = Panel(
    "Whom to call first", draw, navigation.CUSTOMERS.groups, navigation.CUSTOMERS.path, "All customers", wide=True
)
