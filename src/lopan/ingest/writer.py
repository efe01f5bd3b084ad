"""From spool to store: seals a segment, drops repeats, inserts one block under one token, tells who waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pyarrow.compute as pc

from lopan.clock import Clock
from lopan.errors import LopanError
from lopan.ingest.block import IDENTIFY, Numbers, build, same, unique
from lopan.ingest.commits import Commit
from lopan.ingest.rows import table
from lopan.ingest.seen import Seen
from lopan.ingest.touched import Touched
from lopan.spool import Segment, Spool
from lopan.store import Store

BLOCK_ROWS = 50_000
SHORTEST_PAUSE = 0.005
LONGEST_PAUSE = 0.6
DUTY = 4.0
"""Between small inserts the writer rests this many times as long as the last one took."""

log = logging.getLogger(__name__)


class Writer:
    """One thread. ``publish`` hears of every committed segment on that thread.

    ``merge`` gets the pairs of names that ``identify`` events say are one person, again if the process ends meanwhile.
    """

    def __init__(
        self,
        spool: Spool,
        store: Store,
        seen: Seen,
        numbers: Numbers,
        clock: Clock,
        publish: Callable[[Commit], None],
        zone: str = "UTC",
        merge: Callable[[list[tuple[str, str]]], object] | None = None,
    ) -> None:
        self._spool = spool
        self._store = store
        self._seen = seen
        self._numbers = numbers
        self._clock = clock
        self._publish = publish
        self._touched = Touched(zone)
        self._merge = merge
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer")
        self.trouble = ""

    def start(self) -> None:
        """Begin; what an earlier process left in the spool comes first."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the segment at hand, write what is ready and return."""
        self._stopping.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Learn the ids of segments that the store has but the files of ``Seen`` do not name yet."""
        for segment in self._spool.segments(self._seen.last + 1):
            if segment.number <= self._spool.last_done:
                unique(table(segment.records()), self._seen)
                self._seen.add(segment.number)

    def drain(self) -> int:
        """Write everything that is ready, on the calling thread; returns the rows written."""
        rows = 0
        while segment := self._spool.seal(BLOCK_ROWS):
            rows += self.write(segment)
        return rows

    def write(self, segment: Segment) -> int:
        """Put one segment into the store and return its rows without repeats; doing it again changes nothing."""
        rows = unique(table(segment.records()), self._seen)
        if rows.num_rows:
            self._store.insert("events", build(rows, self._numbers), segment.token)
        types = frozenset(pc.unique(rows.column("type")).to_pylist())
        if self._merge is not None and IDENTIFY in types:
            self._merge(same(rows))
        flushed = self._seen.add(segment.number)
        self._spool.done(segment.number)
        if flushed:
            self._spool.keep(self._seen.last + 1)
        days, begun = self._touched(rows), self._touched.begun(rows)
        self._publish(Commit(segment.number, rows.num_rows, types, self._clock.now(), days, begun))
        return int(rows.num_rows)

    def _run(self) -> None:
        self._guard(self.catch_up)
        while not self._stopping.is_set():
            if not self._spool.wait(1, 0.2):
                continue
            started = time.monotonic()
            self._guard(self._one)
            took = time.monotonic() - started
            pause = min(max(took * DUTY, SHORTEST_PAUSE), LONGEST_PAUSE)
            self._spool.wait(BLOCK_ROWS, pause)
        self._guard(self.drain)
        self._seen.flush()

    def _one(self) -> None:
        segment = self._spool.seal(BLOCK_ROWS)
        if segment is not None:
            self.write(segment)

    def _guard(self, step: Callable[[], object]) -> None:
        """Nothing in the spool is lost by trouble in the store: say so, wait, and do the same segment again."""
        try:
            step()
            self.trouble = ""
        except Exception as error:  # a writer that ended would leave intake acknowledging for nobody
            if str(error) != self.trouble:
                known = isinstance(error, (LopanError, OSError))
                log.error("the writer waits: %s", error, exc_info=None if known else error)
            self.trouble = str(error)
            self._stopping.wait(1.0)
