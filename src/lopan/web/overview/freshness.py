"""How fresh the figures are: when the newest event and the newest batch of each fact came in."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio.to_thread
import msgspec
from markupsafe import Markup
from starlette.requests import Request

from lopan.control import batches
from lopan.control.principal import Principal
from lopan.web import render
from lopan.web.overview.panel import Panel
from lopan.web.parts import Parts, parts_of

STALE = timedelta(hours=26)
"""What is loaded every night is late after this long."""


class Source(msgspec.Struct, frozen=True):
    """Where figures come from; ``last`` None = nothing came since the start of the process."""

    name: str
    last: datetime | None
    stale: bool


async def draw(request: Request, reader: Principal) -> Markup:
    """A line for each source of figures."""
    parts = parts_of(request)
    found = [*await _events(parts), *await _facts(parts)]
    return render.drawn(request, "overview/panels.html", "freshness", found) if found else Markup()


async def _events(parts: Parts) -> list[Source]:
    known = await parts.intake.sources() if parts.intake is not None else []
    return [Source(f"Events of {one.name}", one.last, stale=False) for one in known]


async def _facts(parts: Parts) -> list[Source]:
    now = parts.clock.now()
    newest = await anyio.to_thread.run_sync(batches.newest, parts.engine)
    return [Source(name.replace("_", " ").capitalize(), at, stale=now - at > STALE) for name, at in newest.items()]


PANEL = Panel("Data", draw, wide=True, last=True)
