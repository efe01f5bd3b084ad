"""Looking ingest keys up without asking the database for every request."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from lopan.control import keys
from lopan.control.projects import ProjectRef
from lopan.errors import TryAgain

KEEP_SECONDS = 5.0
"""How long a revoked key may still work, and a new one may still be refused, while the database answers."""
PATIENCE_SECONDS = 1.0
"""After so long without an answer, the last known one counts."""

_KEPT = 4_096


class Keys:
    """Belongs to one event loop; holds at most 4,096 answers, wrong keys included."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: OrderedDict[str, tuple[float, ProjectRef | None]] = OrderedDict()
        self._running: dict[str, asyncio.Task[ProjectRef | None]] = {}

    async def verify(self, key: str) -> ProjectRef | None:
        """The project that the key belongs to; None for an unknown or revoked one.

        Raises TryAgain when the database does not answer and nothing is known of the key.
        """
        known = self._known.get(key)
        if known is not None and time.monotonic() - known[0] < KEEP_SECONDS:
            return known[1]
        try:
            project = await asyncio.wait_for(asyncio.shield(self._look_up(key)), PATIENCE_SECONDS)
        except (TimeoutError, SQLAlchemyError):
            if known is None:
                raise TryAgain("the control database is busy", 2.0) from None
            project = known[1]
        self._keep(key, project)
        return project

    def _look_up(self, key: str) -> asyncio.Task[ProjectRef | None]:
        """One run for all who ask at the same time; it goes on when they have lost their patience."""
        running = self._running.get(key)
        if running is None:
            running = asyncio.create_task(asyncio.to_thread(keys.verify, self._engine, key))
            self._running[key] = running
            running.add_done_callback(lambda task: self._ended(key, task))
        return running

    def _ended(self, key: str, task: asyncio.Task[ProjectRef | None]) -> None:
        self._running.pop(key, None)
        if not task.cancelled() and task.exception() is None:
            self._keep(key, task.result())

    def _keep(self, key: str, project: ProjectRef | None) -> None:
        self._known[key] = (time.monotonic(), project)
        self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
