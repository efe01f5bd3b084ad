"""Looking ingest keys up without asking the database for every request."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from sqlalchemy import Engine

from lopan.control import keys
from lopan.control.projects import ProjectRef

KEEP_SECONDS = 5.0
"""How long a revoked key may still work, and a new one may still be refused."""

_KEPT = 4_096


class Keys:
    """Belongs to one event loop; holds at most 4,096 answers, wrong keys included."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: OrderedDict[str, tuple[float, ProjectRef | None]] = OrderedDict()

    async def verify(self, key: str) -> ProjectRef | None:
        """The project that the key belongs to; None for an unknown or revoked one."""
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < KEEP_SECONDS:
            return known[1]
        project = await asyncio.to_thread(keys.verify, self._engine, key)
        self._known[key] = (now, project)
        self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return project
