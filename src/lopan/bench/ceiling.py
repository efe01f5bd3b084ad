"""What the engine alone can do on this machine, and the writer without rollups beside it; each in a fresh process."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import pyarrow as pa

from lopan.bench import bodies
from lopan.clock import SystemClock
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.errors import GiveUp
from lopan.event import decode_batch
from lopan.ingest.block import build
from lopan.ingest.columns import Arrival, record
from lopan.ingest.rows import table
from lopan.ingest.seen import Seen
from lopan.ingest.writer import BLOCK_ROWS, Writer
from lopan.spool import Record, Spool
from lopan.store import Chdb
from lopan.store.migrations import migrate

ROUNDS = 5
_MEMORY = 2_000_000_000
_ROOM = 1 << 40
_WIRE = (
    "type LowCardinality(String), time DateTime64(3, 'UTC'), event_id UUID, release LowCardinality(String),"
    " os LowCardinality(String), device LowCardinality(String), user String, role LowCardinality(String), session UUID,"
    " screen LowCardinality(String), kind LowCardinality(String), duration_ms Float64, duration_s Float64,"
    " frames String, slow UInt32, frozen UInt32, hitch_ms Float64, refresh_rate Float64, scrolling Bool,"
    " footprint_mb Float64, peak_mb Float64, feature LowCardinality(String), action LowCardinality(String)"
)


class Pair(NamedTuple):
    """CPU seconds per million rows, one right after the other: inserting Arrow blocks, and the writer on the same."""

    arrow: float
    writer: float

    @property
    def ratio(self) -> float:
        """What the writer costs as a multiple of the engine alone."""
        return self.writer / self.arrow


class Ceiling(msgspec.Struct, frozen=True):
    """``json``: CPU seconds per million rows to parse the same JSON, median; ``pairs`` as they were measured."""

    json: float
    pairs: list[Pair]

    @property
    def arrow(self) -> float:
        """Median over the pairs."""
        return median(pair.arrow for pair in self.pairs)

    @property
    def writer(self) -> float:
        """Median over the pairs."""
        return median(pair.writer for pair in self.pairs)

    @property
    def ratios(self) -> list[float]:
        """Of the two within each pair, ascending: a machine that changes its speed changes it for both."""
        return sorted(pair.ratio for pair in self.pairs)


def measure(events: int) -> Ceiling:
    """Run the three in turn over ``events`` rows of the native bench, ``ROUNDS`` times."""
    rounds = [[_apart(work, events) for work in (_json, _arrow, _writer)] for _ in range(ROUNDS)]
    return Ceiling(median(json for json, _, _ in rounds), [Pair(arrow, writer) for _, arrow, writer in rounds])


def _apart(work: Callable[[Path, int], float], events: int) -> float:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_child, args=(there, work, events), name=work.__name__)
    process.start()
    there.close()
    try:
        seconds = float(here.recv())
    except EOFError:
        raise GiveUp(f"measuring {work.__name__} failed; its messages above say why") from None
    finally:
        process.join()
    return seconds * 1e6 / events


def _child(there: Connection, work: Callable[[Path, int], float], events: int) -> None:
    """On a thread that is not the main one, as the store wants it."""
    outcome: list[float] = []
    with tempfile.TemporaryDirectory(prefix="lopan-ceiling-") as scratch:
        thread = threading.Thread(target=lambda: outcome.append(work(Path(scratch), events)))
        thread.start()
        thread.join()
    if outcome:
        there.send(outcome[0])
    there.close()


def _json(root: Path, events: int) -> float:
    made = bodies.native()
    path = root / "events.ndjson"
    with path.open("wb") as file:
        for number in range(-(-events // (len(made) * bodies.BATCH))):
            for body in made:
                rows = body.round(number)[1:-1].replace(b'},{"type"', b'}\n{"type"')
                file.write(rows + b"\n")
    store = Chdb(root / "store", _MEMORY)
    store.execute(f"CREATE TABLE wire ({_WIRE}) ENGINE = MergeTree ORDER BY (type, time)")
    schema = _WIRE.replace("'", "''")
    cpu = time.process_time()
    store.execute(
        f"INSERT INTO wire SELECT * FROM file('{path}', 'JSONEachRow', '{schema}') LIMIT {events:d}"  # noqa: S608
        " SETTINGS input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort',"
        " input_format_json_read_arrays_as_strings = 1, input_format_json_read_numbers_as_strings = 1"
    )
    spent = time.process_time() - cpu
    store.close()
    return spent


def _arrow(root: Path, events: int) -> float:
    store = Chdb(root / "store", _MEMORY)
    _bare(store)
    engine = open_database(root)
    numbers = Identities(engine).numbers
    spent = 0.0
    for number, segment in enumerate(_segments(events)):
        block = build(table(segment), numbers)
        path = root / f"{number}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, block.schema) as writer:
            writer.write_table(block)
        columns = ", ".join(f"`{name}`" for name in block.schema.names)
        cpu = time.process_time()
        store.execute(f"INSERT INTO events ({columns}) SELECT * FROM file('{path}', 'ArrowStream')")  # noqa: S608
        spent += time.process_time() - cpu
    store.close()
    engine.dispose()
    return spent


def _writer(root: Path, events: int) -> float:
    store = Chdb(root / "store", _MEMORY)
    _bare(store)
    engine = open_database(root)
    spool, seen = Spool(root / "spool", _ROOM, 0), Seen(root / "seen")
    writer = Writer(spool, store, seen, Identities(engine).numbers, SystemClock(), lambda commit: None)
    rows, spent = 0, 0.0
    for segment in _segments(events):
        for one in segment:
            spool.append(one)
        spool.sync()
        cpu = time.process_time()
        rows += writer.drain()
        spent += time.process_time() - cpu
    if rows != events:
        raise GiveUp(f"the writer wrote {rows} of {events} rows")
    spool.close()
    store.close()
    engine.dispose()
    return spent


def _bare(store: Chdb) -> None:
    """The real table without its views; without merges too, which would fall into what is timed or not by chance."""
    migrate(store)
    for view in ("measures_live", "sessions_live"):
        store.execute(f"DROP VIEW {view}")
    store.execute("SYSTEM STOP MERGES events")


def _segments(events: int) -> list[list[Record]]:
    """Blocks of 50,000 rows, as the endpoint spools them."""
    made = bodies.native()
    now = SystemClock().now()
    segments = []
    for first in range(0, events, BLOCK_ROWS):
        batches = range(first // bodies.BATCH, min(first + BLOCK_ROWS, events) // bodies.BATCH)
        texts = [made[i % len(made)].round(1 + i // len(made)) for i in batches]
        segments.append([record([Arrival(1, now, decode_batch(text).events)]) for text in texts])
    return segments
