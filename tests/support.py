"""What several tests share: the parts of the write path in one directory, off the main thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lopan.clock import SystemClock
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.event import Event
from lopan.ingest.columns import Arrival, record
from lopan.ingest.commits import Commit
from lopan.ingest.seen import Seen
from lopan.ingest.writer import Writer
from lopan.spool import Record, Spool
from lopan.store import Chdb
from lopan.store.base import Param
from lopan.store.migrations import migrate

RECEIVED = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Pipeline:
    """Spool, store and writer of one directory; calls run on a thread of their own, as the engine demands."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits: list[Commit] = []
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._open).result()

    def put(self, events: Sequence[Event], project: int = 1, received: datetime = RECEIVED) -> int:
        """Events through spool and writer into the store; returns the rows that were new."""
        spooled = record([Arrival(project, received, list(events))])
        return self._thread.submit(self._put, spooled).result()

    def rows(self, sql: str, params: Mapping[str, Param] | None = None) -> list[dict[str, Any]]:
        """Rows of a SELECT as dictionaries."""
        return list(self._thread.submit(self.store.query, sql, params).result().to_pylist())

    def run(self, call: Any, *arguments: Any) -> Any:
        """Anything else, on the thread of the store."""
        return self._thread.submit(call, *arguments).result()

    def close(self) -> None:
        """Let go of everything; the directory can be opened again."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _open(self) -> None:
        self.engine = open_database(self.root)
        self.store = Chdb(self.root / "store", 1_000_000_000)
        migrate(self.store)
        self.spool = Spool(self.root / "spool", 1 << 40, 0)
        self.seen = Seen(self.root / "seen")
        self.writer = Writer(
            self.spool, self.store, self.seen, Identities(self.engine).numbers, SystemClock(), self.commits.append
        )
        self.writer.catch_up()

    def _put(self, spooled: Record) -> int:
        self.spool.append(spooled)
        self.spool.sync()
        return self.writer.drain()

    def _close(self) -> None:
        self.store.close()
        self.spool.close()
        self.engine.dispose()


@contextmanager
def pipeline(root: Path) -> Iterator[Pipeline]:
    """A Pipeline that is closed in the end."""
    opened = Pipeline(root)
    try:
        yield opened
    finally:
        opened.close()
