"""A writer at full speed: what it spools and commits is new each time, and as mixed as a fleet's events."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.clock import SystemClock
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.demo import history
from lopan.demo.fleet import PEOPLE, fleet
from lopan.ingest.arrays import ID, TIME
from lopan.ingest.commits import Commit
from lopan.ingest.seen import Seen
from lopan.ingest.writer import Writer
from lopan.spool import Spool
from lopan.store import Store

_ROOM = 1 << 40
_SPREAD_MS = 60_000


class Flood:
    """Spool and writer on the data directory ``root``, whose store is open; no server may have it."""

    def __init__(self, root: Path, store: Store, project: int, publish: Callable[[Commit], None]) -> None:
        now = SystemClock().now()
        people = fleet(5, now.date(), PEOPLE)
        days = history.records(people, now - timedelta(days=7), now, project)
        self._block = max(days, key=lambda record: record.num_rows)
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


def anew(block: pa.RecordBatch, number: int, now: float) -> pa.RecordBatch:
    """The same events of the last minute before ``now`` (s since 1970), under ids of their own for each ``number``."""
    ago = np.linspace(0, _SPREAD_MS, block.num_rows).astype(np.int64)
    at = pa.array(np.int64(now * 1000) - ago, pa.int64()).cast(TIME)
    fresh = {"time": at, "received": at, "started": at}
    for name in ("event_id", "session"):
        fresh[name] = _renamed(block[name], number)
    return pa.record_batch({name: fresh.get(name, block[name]) for name in block.schema.names})


def _renamed(ids: pa.Array, number: int) -> pa.Array:
    words: NDArray[np.uint64] = np.frombuffer(ids.buffers()[1], np.uint64).reshape(-1, 2)
    words = words[ids.offset : ids.offset + len(ids)].copy()
    words ^= np.random.default_rng(number).integers(0, 1 << 64, 2, np.uint64)
    return pa.Array.from_buffers(ID, len(ids), [None, pa.py_buffer(words)])
