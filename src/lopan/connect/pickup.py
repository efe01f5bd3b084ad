"""Batches that another process has staged or wants undone beside a running server: found and finished here."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from lopan.connect.load import Loader
from lopan.control import batches
from lopan.errors import LopanError

POLL_SECONDS: Final = 0.5
"""How soon a batch from the command line is seen."""

_LONGEST_WAIT: Final = 60.0
log = logging.getLogger(__name__)


class Pickup:
    """Finishes what is ``staged`` or ``undoing``, the oldest first, until cancelled.

    A batch that can't be loaded stays as it is and is tried again, less and less often: it is safe on disk.
    """

    def __init__(self, engine: Engine, loader: Loader) -> None:
        self._engine, self._loader = engine, loader

    async def run(self) -> None:
        """Follow the control database."""
        wait = POLL_SECONDS
        while True:
            await asyncio.sleep(wait)
            try:
                await asyncio.to_thread(self.round)
            except (SQLAlchemyError, LopanError, OSError) as error:
                wait = min(2 * wait, _LONGEST_WAIT)
                log.warning("a batch can't be finished, next try in %.0f s: %s", wait, error)
            else:
                wait = POLL_SECONDS

    def round(self) -> None:
        """Finish what there is, on the calling thread."""
        for batch in batches.unfinished(self._engine):
            if batch.state != "staging":
                self._loader.finish(batch)
                log.info("batch %s of %s: %s, done", batch.id, batch.fact, batch.state)
