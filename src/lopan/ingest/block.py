"""A segment's rows as the block that goes into ``events``: repeats out, names to numbers, columns in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lopan.event.ids import NOTHING
from lopan.ingest.arrays import ID
from lopan.ingest.columns import DEFAULTS, SCHEMA
from lopan.ingest.seen import Ids, Seen, halves

Numbers = Callable[[str, Sequence[str]], dict[str, int]]
"""(kind, names) -> a dense number for each name, durable before it is returned."""

_NUMBERED = {"user": "user_id", "install": "install_id"}


def unique(rows: pa.Table, seen: Seen) -> tuple[pa.Table, Ids, Ids]:
    """The rows whose event id is new, and what ``seen`` knows these by."""
    ids = rows.column("event_id").combine_chunks()
    if isinstance(ids, pa.ChunkedArray):
        ids = pa.concat_arrays(ids.chunks)
    if ids.null_count:
        ids = ids.fill_null(bytes(16))
    packed = ids.buffers()[1]
    high, low = halves(memoryview(packed)[16 * ids.offset : 16 * (ids.offset + len(ids))])
    high = _of_project(rows.column("project"), high, low)
    fresh = seen.fresh(high, low)
    if not fresh.all():
        rows = rows.filter(pa.array(fresh))
        high, low = high[fresh], low[fresh]
    return rows, high, low


def _of_project(projects: pa.ChunkedArray, high: Ids, low: Ids) -> Ids:
    """Ids of one project must not hide those of another: mix its number in; zero ids stay zero."""
    numbers = projects.to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.where((high != 0) | (low != 0), high ^ numbers, high)


def build(rows: pa.Table, numbers: Numbers) -> pa.Table:
    """One contiguous block with the table's columns; people and installations as dense integers, 0 = not named.

    No column is nullable: the engine spends a quarter of an insert on looking for nulls where there may be some.
    """
    fields: list[pa.Field] = []
    columns: list[pa.Array] = []
    for name, kind in SCHEMA.items():
        if name not in rows.column_names:
            continue
        column = rows.column(name)
        if name in _NUMBERED:
            fields.append(pa.field(_NUMBERED[name], pa.uint32(), nullable=False))
            columns.append(_number(column, _NUMBERED[name].removesuffix("_id"), numbers))
        else:
            fields.append(pa.field(name, kind, nullable=False))
            columns.append(_whole(column, name))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _whole(column: pa.ChunkedArray, name: str) -> pa.Array:
    """One array; rows of records that left the column out get its default."""
    if column.null_count:
        column = pc.fill_null(column, _default(column.type, name))
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _default(kind: pa.DataType, name: str) -> pa.Scalar:
    if kind == pa.utf8():
        return pa.scalar("")
    if kind == ID:
        return pa.scalar(NOTHING, ID)
    return pa.scalar(DEFAULTS.get(name, 0), pa.int64()).cast(kind)


def _number(column: pa.ChunkedArray, kind: str, numbers: Numbers) -> pa.Array:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    names = encoded.dictionary.to_pylist()
    known = numbers(kind, [name for name in names if name])
    table = np.array([known[name] if name else 0 for name in names] + [0], np.uint32)
    indices = pc.fill_null(encoded.indices, len(names)).to_numpy(zero_copy_only=False)
    return pa.array(table[indices], pa.uint32())
