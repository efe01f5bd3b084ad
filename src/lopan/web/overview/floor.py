"""The shop floor at this moment: what is down and why, which orders are behind their plan, which may be late."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request

from lopan.analytics.business.shopfloor import Down, OpenOrder
from lopan.catalog import Narrow
from lopan.control.principal import Principal
from lopan.web import navigation, query, render
from lopan.web.business.board import MACHINES, Board
from lopan.web.business.page import shopfloor
from lopan.web.overview.panel import Panel
from lopan.web.parts import Parts, parts_of

ROWS = 6


async def _down(request: Request, reader: Principal) -> Markup:
    parts = parts_of(request)
    return _drawn(request, "down", _board(parts, down=await shopfloor(parts).down(Narrow())))


async def _behind(request: Request, reader: Principal) -> Markup:
    return await _orders(request, "behind")


async def _risky(request: Request, reader: Principal) -> Markup:
    return await _orders(request, "risky")


async def _orders(request: Request, macro: str) -> Markup:
    parts = parts_of(request)
    board = _board(parts, orders=await shopfloor(parts).orders(Narrow()))
    return Markup('<div class="scroll">{}</div>').format(_drawn(request, macro, board, ROWS))


def _board(parts: Parts, down: list[Down] | None = None, orders: list[OpenOrder] | None = None) -> Board:
    now = parts.clock.now()
    asked = query.parse({}, now, parts.zone)
    return Board(query=asked, now=now, sections=[], left_out=[], down=down, orders=orders)


def _drawn(request: Request, macro: str, *arguments: object) -> Markup:
    return render.drawn(request, "business/parts.html", macro, *arguments)


_MORE = navigation.BUSINESS.path
DOWN = Panel("Down now", _down, (MACHINES,), _MORE, "Shop floor")
BEHIND = Panel("Behind plan", _behind, (MACHINES,), _MORE, "All orders")
RISKY = Panel("Due by tomorrow, at risk", _risky, (MACHINES,), _MORE, "All orders", wide=True)
