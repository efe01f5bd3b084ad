"""History in bulk, offline: the same spool and writer as live traffic, without the network and with the store held."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from lopan.clock import SystemClock
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.ingest.rows import record_of
from lopan.ingest.seen import Seen
from lopan.ingest.writer import Writer
from lopan.spool import Spool
from lopan.store import Chdb, hold
from lopan.store.migrations import migrate

_UNLIMITED = 1 << 62


def load(
    root: Path,
    batches: Iterable[pa.RecordBatch],
    progress: Callable[[int], None] = lambda rows: None,
    max_memory: int = 1_000_000_000,
) -> int:
    """Write record batches (columns of ``ingest.columns.SCHEMA``) to the data directory; returns the rows added.

    Raises Locked while a server runs on the directory. ``progress`` gets the rows written so far.
    """
    outcome: list[int] = []
    trouble: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(_load(root, batches, progress, max_memory))
        except BaseException as error:  # noqa: BLE001  handed to the calling thread below
            trouble.append(error)

    thread = threading.Thread(target=work, name="load")
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
    return outcome[0]


def _load(root: Path, batches: Iterable[pa.RecordBatch], progress: Callable[[int], None], max_memory: int) -> int:
    with hold(root):
        engine = open_database(root)
        store = Chdb(root / "store", max_memory)
        migrate(store)
        spool = Spool(root / "spool", _UNLIMITED, 0)
        seen = Seen(root / "seen")
        writer = Writer(
            spool,
            store,
            seen,
            Identities(engine).numbers,
            SystemClock(),
            lambda commit: None,
        )
        rows = 0
        try:
            writer.catch_up()
            for batch in batches:
                spool.append(record_of(batch))
                spool.sync()
                rows += writer.drain()
                progress(rows)
            seen.flush()
        finally:
            spool.close()
            store.close()
            engine.dispose()
        return rows
