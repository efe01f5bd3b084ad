"""What the store has of a source already: rows that were read again and have not changed are not loaded again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lopan.connect.localtime import to_local, to_utc
from lopan.fact import Spec
from lopan.store import Store
from lopan.store.facts import TIME, now, table

_AHEAD = timedelta(minutes=5)
_KEYS = 5_000
_MONEY = Decimal("0.0001")


class Known:
    """Rows of one fact and source; asks on a thread of its own, as the caller's is busy reading another database."""

    def __init__(self, store: Store, spec: Spec, source: str, asking: ThreadPoolExecutor) -> None:
        self._store, self._spec, self._source, self._asking = store, spec, source, asking
        (count,) = self._ask(f"SELECT count() AS n FROM {table(spec.name)} WHERE source = {{source:String}}")  # noqa: S608
        self._empty = count["n"] == 0

    def new(self, block: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that differ from what is known: by version, or by content where they have none."""
        if self._empty or not block.num_rows:
            return block
        wanted = np.ones(block.num_rows, bool)
        versions = block.column("modified")
        unversioned = np.asarray(versions.is_null())
        for rows in _chunks(np.flatnonzero(~unversioned)):
            wanted[rows] = ~self._same_version(block, rows)
        for rows in _chunks(np.flatnonzero(unversioned)):
            wanted[rows] = ~self._same_content(block, rows)
        return block if wanted.all() else block.filter(pa.array(wanted))

    def gone(self, present: pa.ChunkedArray) -> tuple[pa.Array, int]:
        """Keys that were remembered and are not ``present``, and how many were remembered."""
        known = self._keys
        return known.filter(pc.invert(pc.is_in(known, present))).combine_chunks(), len(known)

    def remember(self) -> None:
        """Note the keys there are, before the source is asked for its own: what comes in between is not gone."""
        statement = f"SELECT key FROM {now(self._spec.name)} WHERE source = {{source:String}}"  # noqa: S608
        found = self._asking.submit(self._store.query, statement, {"source": self._source}).result()
        self._keys = found["key"] if found.num_columns else pa.chunked_array([], pa.utf8())

    def _same_version(self, block: pa.RecordBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        keys = block.column("key").take(rows).to_pylist()
        known = {
            row["key"]: row["ver"]
            for row in self._ask(
                f"SELECT key, max(ver) AS ver FROM {table(self._spec.name)}"  # noqa: S608 - the fact's own name
                " WHERE source = {source:String} AND key IN {keys:Array(String)} GROUP BY key",
                keys=keys,
            )
        }
        versions = block.column("modified").take(rows).cast(pa.int64()).to_pylist()
        return np.array([known.get(key) == ver * 1_000 for key, ver in zip(keys, versions, strict=True)], bool)

    def _same_content(self, block: pa.RecordBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        names = ["key", "deleted", *(column.name for column in self._spec.columns)]
        some = block.take(pa.array(rows)).select(names).to_pylist()
        own = ", ".join(f"`{name}`" for name in names)
        found = self._ask(
            f"SELECT {own} FROM {now(self._spec.name)}"  # noqa: S608 - columns of the fact
            " WHERE source = {source:String} AND key IN {keys:Array(String)}",
            keys=[row["key"] for row in some],
        )
        known = {row["key"]: _plain(row) for row in found}
        return np.array([_same(_plain(row), known.get(row["key"])) for row in some], bool)

    def _ask(self, statement: str, **params: list[str]) -> list[dict[str, Any]]:
        found = self._asking.submit(self._store.query, statement, {"source": self._source, **params}).result()
        return list(found.to_pylist()) if found.num_columns else []


def settle(block: pa.RecordBatch, zone: ZoneInfo | None, at: datetime) -> pa.RecordBatch:
    """Take the version from rows whose time of change can't be trusted, so that the time of arrival stands in.

    Those are times that lie ahead, and those that a clock of ``zone`` (None: the source's times have one) shows twice.
    """
    modified = block.column("modified")
    doubted = np.asarray(pc.fill_null(pc.greater(modified, pa.scalar(at + _AHEAD, TIME)), False))
    if zone is not None:
        utc = np.asarray(pc.fill_null(modified.cast(pa.int64()), 0)) * 1_000
        doubted |= to_utc(to_local(utc, zone), zone).twice
    if not doubted.any():
        return block
    at_column = block.schema.get_field_index("modified")
    blank = pa.scalar(None, TIME)
    return block.set_column(at_column, block.schema.field(at_column), pc.if_else(pa.array(doubted), blank, modified))


def _chunks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), _KEYS):
        yield rows[start : start + _KEYS]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.quantize(_MONEY) if isinstance(value, Decimal) else value for name, value in row.items()}


def _same(row: dict[str, Any], known: dict[str, Any] | None) -> bool:
    """A row that is taken away is known when it is not there."""
    if row["deleted"] or known is None:
        return bool(row["deleted"]) and known is None
    return {**row, "deleted": 0} == known
