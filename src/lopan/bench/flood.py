"""A writer at full speed: what it spools and commits is new each time, and as mixed as a fleet's events."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np

from lopan.clock import SystemClock
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.demo import history
from lopan.demo.fleet import PEOPLE, fleet
from lopan.ingest.commits import Commit
from lopan.ingest.rows import record_of
from lopan.ingest.seen import Seen
from lopan.ingest.writer import Writer
from lopan.spool import Fixed, Record, Spool, Texts
from lopan.store import Store

_ROOM = 1 << 40
_SPREAD_MS = 60_000


class Flood:
    """Spool and writer on the data directory ``root``, whose store is open; no server may have it."""

    def __init__(self, root: Path, store: Store, project: int, publish: Callable[[Commit], None]) -> None:
        now = SystemClock().now()
        people = fleet(5, now.date(), PEOPLE)
        days = history.records(people, now - timedelta(days=7), now, project)
        self._block = record_of(max(days, key=lambda batch: batch.num_rows))
        self._engine = open_database(root)
        self._spool = Spool(root / "spool", _ROOM, 0)
        numbers = Identities(self._engine).numbers
        self._writer = Writer(self._spool, store, Seen(root / "seen"), numbers, SystemClock(), publish)
        self._round = 0

    def run(self, seconds: float) -> float:
        """Write for about so long on the calling thread; returns rows a second."""
        began, rows = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            self._round += 1
            self._spool.append(anew(self._block, self._round, SystemClock().now().timestamp()))
            self._spool.sync()
            rows += self._writer.drain()
        return rows / (time.monotonic() - began)

    def close(self) -> None:
        """Let go of spool and database."""
        self._spool.close()
        self._engine.dispose()


def anew(block: Record, number: int, now: float) -> Record:
    """The same events of the last minute before ``now`` (s since 1970), under ids of their own for each ``number``."""
    at = int(now * 1000) - np.linspace(0, _SPREAD_MS, block.rows).astype(np.int64)
    mask = np.random.default_rng(number).integers(0, 1 << 64, 2, np.uint64)
    fixed = dict(block.fixed)
    for name in ("time", "received", "started"):
        fixed[name] = Fixed("q", at)
    for name in ("event_id", "session"):
        ids = np.frombuffer(block.fixed[name].values, np.uint64).reshape(-1, 2)
        fixed[name] = Fixed("u", ids ^ mask)
    return block._replace(fixed=fixed, texts={**block.texts, "instance": _named(block.texts["instance"], number)})


def _named(texts: Texts, number: int) -> Texts:
    """Runs of workflows of their own: each id behind the number of the round."""
    lengths = np.frombuffer(texts.lengths, np.uint32)
    prefix = np.frombuffer(f"{number:06d}".encode(), np.uint8)
    begins = (np.cumsum(lengths, dtype=np.int64) - lengths)[lengths > 0]
    data = np.frombuffer(texts.data, np.uint8)
    longer = np.insert(data, np.repeat(begins, prefix.size), np.tile(prefix, begins.size))
    return Texts(np.where(lengths > 0, lengths + prefix.size, 0).astype(np.uint32).tobytes(), longer.tobytes())
