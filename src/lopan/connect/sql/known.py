"""What the store has of a source already, so that rows that were read again are loaded again only when they differ."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lopan.fact import Spec
from lopan.store import Store
from lopan.store.facts import TIME, now, table

Mask = NDArray[np.bool_]
_AHEAD = timedelta(minutes=5)
_KEYS = 20_000


class Known:
    """Rows of one fact and source; asks on a thread of its own, as the caller's is busy reading another database."""

    def __init__(self, store: Store, spec: Spec, source: str, asking: ThreadPoolExecutor) -> None:
        self._store, self._spec, self._source, self._asking = store, spec, source, asking
        self._own = [column.name for column in spec.columns]
        self._keys = pa.chunked_array([], pa.utf8())
        count = self._ask(f"SELECT count() AS n FROM {table(spec.name)} WHERE source = {{source:String}}")  # noqa: S608
        self._empty = count["n"].to_pylist() == [0]

    def new(self, block: pa.RecordBatch, at: datetime) -> pa.RecordBatch:
        """The rows that are not known as they are. What the database holds now is the truth: where such a row has no
        later time of change than the known one (a late transaction, a join, a clock set back or ahead), the time of
        arrival stands in.
        """
        block = _doubt(
            block, np.asarray(pc.greater(block.column("modified"), pa.scalar(at + _AHEAD, TIME)).fill_null(False))
        )
        if self._empty or not block.num_rows:
            return block
        pieces = [self._differing(block.slice(start, _KEYS)) for start in range(0, block.num_rows, _KEYS)]
        found = pa.Table.from_batches(pieces).combine_chunks().to_batches()
        return found[0] if found else block.slice(0, 0)

    def remember(self) -> None:
        """Note the keys there are, before the source is asked for its own: what comes in between is not gone."""
        found = self._ask(f"SELECT key FROM {now(self._spec.name)} WHERE source = {{source:String}}")  # noqa: S608
        if found.num_columns:
            self._keys = found["key"]

    def gone(self, present: pa.ChunkedArray) -> tuple[pa.Array, int]:
        """Keys that were remembered and are not ``present``, and how many were remembered."""
        missing = self._keys.filter(pc.invert(pc.is_in(self._keys, present)))
        return missing.combine_chunks(), len(self._keys)

    def _differing(self, block: pa.RecordBatch) -> pa.RecordBatch:
        own = ", ".join(f"`{name}`" for name in self._own)
        stored = self._ask(
            f"SELECT key, ver, deleted, {own} FROM {table(self._spec.name)}"  # noqa: S608 - columns of the fact
            " WHERE source = {source:String} AND key IN {keys:Array(String)} ORDER BY ver DESC LIMIT 1 BY key",
            block.column("key").to_pylist(),
        )
        gone = np.asarray(block.column("deleted"))
        if not stored.num_rows:
            return block.filter(pa.array(~gone))
        places = pc.index_in(block.column("key"), stored["key"])
        known = np.asarray(places.is_valid())
        was = stored.take(places.fill_null(0))
        was_gone = np.asarray(was["deleted"]).astype(bool)
        same = np.ones(block.num_rows, bool)
        for name in self._own:
            same &= _equal(block.column(name), was[name].combine_chunks())
        same = np.where(gone, was_gone | ~known, known & ~was_gone & same)
        versions = np.asarray(block.column("modified").cast(pa.int64()).fill_null(-1)) * 1_000
        late = known & ~same & (versions <= np.asarray(was["ver"]).astype(np.int64))
        return _doubt(block, late).filter(pa.array(~same))

    def _ask(self, statement: str, keys: list[str] | None = None) -> pa.Table:
        params = {"source": self._source} | ({"keys": keys} if keys is not None else {})
        return self._asking.submit(self._store.query, statement, params).result()


def _doubt(block: pa.RecordBatch, rows: Mask) -> pa.RecordBatch:
    """Take the time of change from rows, so that the time of arrival stands in."""
    if not rows.any():
        return block
    place = block.schema.get_field_index("modified")
    settled = pc.if_else(pa.array(rows), pa.scalar(None, TIME), block.column(place))
    return block.set_column(place, block.schema.field(place), settled)


def _equal(new: pa.Array, old: pa.Array) -> Mask:
    """Where values are the same; unknown and unknown are."""
    known = old.cast(new.type)
    alike = pc.equal(new, known).fill_null(False)
    return np.asarray(pc.or_(alike, pc.and_(new.is_null(), known.is_null())))
