"""When releases appeared: the marks that charts carry by themselves."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

import msgspec

from lopan.clock import Clock
from lopan.errors import LopanError
from lopan.store import Readers

SHARE: Final = 0.05
"""Of the events of one day of a project: what never reached it is a build of a few testers and gets no mark."""
MOST: Final = 500
KEEP: Final = 60.0
"""Seconds that an answer is given out before it is looked up again, in the background."""
PATIENCE: Final = 0.25
"""Seconds that the very first page waits for an answer; later ones never wait."""

_LOG = logging.getLogger(__name__)
_SQL = files("lopan.analytics").joinpath("sql", "releases.sql").read_text(encoding="utf-8")


class Release(msgspec.Struct, frozen=True):
    """``first`` is the start of the half hour (UTC) of its first event; ``share`` its largest share of a day, 0-1."""

    project: int
    release: str
    first: datetime
    share: float


class Releases:
    """Belongs to one event loop. Gives what was known a moment ago, so that no page waits for it."""

    def __init__(self, readers: Readers, clock: Clock) -> None:
        self._readers = readers
        self._clock = clock
        self._known: list[Release] = []
        self._at: float | None = None
        self._running: asyncio.Task[None] | None = None

    async def known(self) -> list[Release]:
        """Releases worth naming by their first event; at most a minute old, and empty when the store never answered."""
        if self._running is None and (self._at is None or self._clock.monotonic() - self._at >= KEEP):
            self._running = asyncio.create_task(self._look_up(), name="releases")
        if self._running is not None and self._at is None:
            await asyncio.wait([self._running], timeout=PATIENCE)
        return self._known

    async def _look_up(self) -> None:
        try:
            table = await self._readers.rows(_SQL, {"share": SHARE, "most": MOST})
            columns = [table.column(name).to_pylist() for name in ("project", "release", "first", "part")]
            rows = zip(*columns, strict=True) if table.num_rows else ()
            found = [Release(project, name, _moment(first), part) for project, name, first, part in rows]
            self._known, self._at = found[::-1], self._clock.monotonic()
        except LopanError as error:
            # Marks are worth less than the figures: the page goes without until the store answers.
            _LOG.warning("releases could not be looked up: %s", error)
        finally:
            self._running = None


def _moment(value: datetime | int) -> datetime:
    """Seconds since 1970, or the time itself, as the engine hands it over."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else value.astimezone(UTC)
