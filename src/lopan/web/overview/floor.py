"""The shop floor at this moment: what is down and why, which orders are behind their plan, which may be late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from markupsafe import Markup
from starlette.requests import Request

from lopan.catalog import Narrow
from lopan.control.principal import Principal
from lopan.web import navigation, query, render
from lopan.web.business.board import MACHINES, Board
from lopan.web.business.page import shopfloor
from lopan.web.overview.panel import Panel
from lopan.web.parts import parts_of

Outcome = TypeVar("Outcome")
ROWS = 6


async def _board(request: Request, *, down: bool, orders: bool) -> Board:
    parts = parts_of(request)
    floor, narrow, now = shopfloor(parts), Narrow(), parts.clock.now()
    stopped, open_orders = await asyncio.gather(
        _when(down, lambda: floor.down(narrow)), _when(orders, lambda: floor.orders(narrow))
    )
    asked = query.parse({}, now, parts.zone)
    return Board(query=asked, now=now, sections=[], left_out=[], down=stopped, orders=open_orders)


async def _down(request: Request, reader: Principal) -> Markup:
    return _drawn(request, "down", await _board(request, down=True, orders=False))


async def _behind(request: Request, reader: Principal) -> Markup:
    board = await _board(request, down=False, orders=True)
    return Markup('<div class="scroll">{}</div>').format(_drawn(request, "behind", board, ROWS))


async def _risky(request: Request, reader: Principal) -> Markup:
    board = await _board(request, down=False, orders=True)
    return Markup('<div class="scroll">{}</div>').format(_drawn(request, "risky", board, ROWS))


def _drawn(request: Request, macro: str, *arguments: object) -> Markup:
    return Markup(render.fragment(request, "business/parts.html", macro, *arguments))  # noqa: S704 - escaped there


async def _when(wanted: bool, ask: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
    return await ask() if wanted else None


_MORE = navigation.BUSINESS.path
DOWN = Panel("Down now", _down, (MACHINES,), _MORE, "Shop floor")
BEHIND = Panel("Behind plan", _behind, (MACHINES,), _MORE, "All orders")
RISKY = Panel("Due by tomorrow, at risk", _risky, (MACHINES,), _MORE, "All orders", wide=True)
