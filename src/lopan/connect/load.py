"""From checked rows to the store: staged on disk, loaded, undone; each step can be done again after a crash."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from lopan.clock import Clock
from lopan.connect import stage
from lopan.connect.stage import Refused, Stage
from lopan.control import batches
from lopan.control.batches import Batch
from lopan.errors import LopanError, Rejected
from lopan.fact import SPECS, Spec
from lopan.store import Store
from lopan.store.facts import REFUSED, TIME, schema, table, take_back, versions

BLOCK_ROWS = 32_768
"""Rows of one insert: with twice as many, an import takes 70 MB more."""

log = logging.getLogger(__name__)


class Loader:
    """Takes batches of facts in, one at a time, on the calling thread, which must not be the main one.

    ``changed`` hears the name of the fact whose rows have changed, on the same thread.
    """

    def __init__(
        self, engine: Engine, store: Store, root: Path, clock: Clock, changed: Callable[[str], object] = lambda _: None
    ) -> None:
        self._engine, self._store, self._root, self._clock = engine, store, root, clock
        self._changed = changed
        self._turn = threading.Lock()

    @contextmanager
    def stage(
        self, fact: str, source: str, origin: str, by: str, once: str | None = None
    ) -> Iterator[tuple[Batch, Stage | None]]:
        """A new batch and where its checked rows go; they are loaded when the block ends, or not at all on an error.

        The stage is None when the batch with that ``once`` was there before: nothing is to be done.
        """
        with staging(self._engine, self._root, self._clock, fact, source, origin, by, once) as (batch, made):
            yield batch, made
        if made is not None:
            self.load(batch)

    def load(self, batch: Batch) -> Batch:
        """Put a staged batch into the store; doing it again changes nothing."""
        spec = spec_of(batch.fact)
        with self._turn:
            if (found := batches.get(self._engine, batch.id)).state != "staged":
                return found
            for number, block in enumerate(self._blocks(batch, spec)):
                for name in (versions(batch.fact), table(batch.fact)):
                    self._store.insert(name, block, f"{batch.id}-{number}")
            if refused := stage.refused(self._root, batch.id):
                self._store.insert(REFUSED, _refused(batch, refused), batch.id)
            done = batches.move(self._engine, batch.id, "loaded", self._clock)
            stage.drop(self._root, batch.id)
        self._changed(batch.fact)
        return done

    def undo(self, batch: str, by: str) -> Batch:
        """Take a loaded batch back: rows return to their newest version from other batches. Raises Rejected."""
        return self.take_back(batches.undo(self._engine, batch, by, self._clock))

    def take_back(self, batch: Batch) -> Batch:
        """Bring the undoing of a batch to its end; doing it again changes nothing."""
        with self._turn:
            if (found := batches.get(self._engine, batch.id)).state != "undoing":
                return found
            take_back(self._store, batch.fact, str(UUID(batch.id)), self._clock.now())
            done = batches.move(self._engine, batch.id, "undone", self._clock)
        self._changed(batch.fact)
        return done

    def finish(self, batch: Batch) -> Batch:
        """What is left to do with a batch that is safe on disk: load it, or take it back."""
        return self.take_back(batch) if batch.state == "undoing" else self.load(batch)

    def recover(self) -> None:
        """Bring what an earlier process left in the middle to its end; call it once, before anything is staged."""
        for batch in batches.unfinished(self._engine):
            log.info("batch %s of %s was left %s", batch.id, batch.fact, batch.state)
            if batch.state != "staging":
                self.finish(batch)
            elif not stage.is_held(self._root, batch.id):
                said = "Lopan ended while it was reading it"
                batches.move(self._engine, batch.id, "failed", self._clock, note=said)
                stage.drop(self._root, batch.id)

    def _blocks(self, batch: Batch, spec: Spec) -> Iterator[pa.Table]:
        waiting: list[pa.RecordBatch] = []
        for block in stage.blocks(self._root, batch.id):
            waiting.append(block)
            if sum(one.num_rows for one in waiting) >= BLOCK_ROWS:
                yield _block(waiting, batch, spec)
                waiting = []
        if any(one.num_rows for one in waiting):
            yield _block(waiting, batch, spec)


@contextmanager
def staging(
    engine: Engine, root: Path, clock: Clock, fact: str, source: str, origin: str, by: str, once: str | None = None
) -> Iterator[tuple[Batch, Stage | None]]:
    """A new batch and where its checked rows go; when the block ends they are staged, for a loader to find.

    So a process that does not own the store can bring facts. The stage is None as with ``Loader.stage``.
    """
    spec = spec_of(fact)
    batch, fresh = batches.begin(engine, fact, source, origin, by, once, clock)
    if not fresh:
        yield batch, None
        return
    try:
        with Stage(root, batch.id, spec) as made:
            yield batch, made
    except BaseException as error:
        stage.drop(root, batch.id)
        said = str(error) if isinstance(error, LopanError) else f"{type(error).__name__} while reading it"
        batches.move(engine, batch.id, "failed", clock, note=said[:2_000])
        raise
    try:
        batches.move(engine, batch.id, "staged", clock, taken=made.rows, refused=made.refusals)
    except Rejected:
        stage.drop(root, batch.id)
        raise


def spec_of(fact: str) -> Spec:
    """The description of a fact by name; raises Rejected."""
    try:
        return SPECS[fact]
    except KeyError:
        raise Rejected("fact", f"there is no fact {fact[:64]!r}; there are {', '.join(SPECS)}") from None


def _block(rows: Iterable[pa.RecordBatch], batch: Batch, spec: Spec) -> pa.Table:
    """Rows as they go into the store: whose they are, which version, when they came."""
    whole = pa.Table.from_batches(list(rows)).combine_chunks()
    arrived = _milliseconds(batch.began_at)
    modified = pc.fill_null(whole["modified"].cast(pa.int64()), arrived)
    made = {
        "source": _same(whole.num_rows, batch.source),
        "ver": pc.multiply(modified, 1_000).cast(pa.uint64()),
        "deleted": whole["deleted"].cast(pa.uint8()),
        "ingested": pa.repeat(pa.scalar(arrived, TIME), whole.num_rows),
        "batch": pa.repeat(pa.scalar(UUID(batch.id).bytes, pa.binary(16)), whole.num_rows),
    }
    wanted = schema(spec)
    columns = []
    for field in wanted:
        values = made[field.name] if field.name in made else whole[field.name]
        whole_values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        columns.append(whole_values.dictionary_encode() if pa.types.is_dictionary(field.type) else whole_values)
    return pa.Table.from_arrays(columns, schema=wanted)


def _refused(batch: Batch, rows: list[Refused]) -> pa.Table:
    count = len(rows)
    columns = {
        "batch": pa.repeat(pa.scalar(UUID(batch.id).bytes, pa.binary(16)), count),
        "fact": _same(count, batch.fact),
        "row": pa.array([one.row for one in rows], pa.uint64()),
        "field": pa.array([one.field for one in rows], pa.utf8()).dictionary_encode(),
        "reason": pa.array([one.reason for one in rows], pa.utf8()),
        "raw": pa.array([one.raw for one in rows], pa.utf8()),
        "at": pa.repeat(pa.scalar(_milliseconds(batch.began_at), TIME), count),
    }
    fields = [pa.field(name, values.type, nullable=False) for name, values in columns.items()]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _same(count: int, text: str) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), pa.array([text], pa.utf8()))


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000)
