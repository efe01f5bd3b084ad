"""A segment's rows as the block that goes into ``events``: repeats out, names to numbers, columns in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lopan.ingest.seen import Ids, Seen, halves

Numbers = Callable[[str, Sequence[str]], dict[str, int]]
"""(kind, names) -> a dense number for each name, durable before it is returned."""

IDENTIFY = "identify"
_NUMBERED = {"user": "user_id", "install": "install_id"}
_SHARED = frozenset(
    {
        *("type", "release", "build", "environment", "os", "device", "customer", "role", "screen", "kind"),
        *("feature", "action", "host", "route", "method"),
    }
)
"""Text that the table keeps as dictionaries."""


def unique(rows: pa.Table, seen: Seen) -> pa.Table:
    """The rows whose event id is new; ``seen`` holds their ids ready to be added."""
    packed = _whole(rows.column("event_id")).buffers()[1]
    high, low = halves(memoryview(packed)[: 16 * rows.num_rows])
    high = _of_project(_whole(rows.column("project")).to_numpy(), high, low)
    fresh = seen.fresh(high, low)
    if not fresh.all():
        rows = rows.filter(pa.array(fresh))
    return rows


def same(rows: pa.Table) -> list[tuple[str, str]]:
    """The pairs of names that the ``identify`` events among the rows say are one person."""
    found = rows.select(("type", "user", "previous")).filter(pc.equal(rows.column("type"), IDENTIFY))
    return list(zip(found.column("user").to_pylist(), found.column("previous").to_pylist(), strict=True))


def _of_project(projects: npt.NDArray[np.uint32], high: Ids, low: Ids) -> Ids:
    """Ids of one project must not hide those of another: mix its number in; zero ids stay zero."""
    numbers = projects.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.where((high != 0) | (low != 0), high ^ numbers, high)


def build(rows: pa.Table, numbers: Numbers) -> pa.Table:
    """One contiguous block with the table's columns; people and installations as dense integers, 0 = not named.

    No column is nullable: the engine spends a quarter of an insert on looking for nulls where there may be some.
    """
    fields: list[pa.Field] = []
    columns: list[pa.Array] = []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        values = _whole(column)
        if name in _NUMBERED:
            name = _NUMBERED[name]
            values = _number(values, name.removesuffix("_id"), numbers)
        elif name in _SHARED:
            values = _shared(values)
        fields.append(pa.field(name, values.type, nullable=False))
        columns.append(values)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _shared(texts: pa.StringArray) -> pa.DictionaryArray:
    """As a dictionary; rows without text, most of them in an event type's own columns, need not be looked up."""
    ends = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    filled = np.flatnonzero(ends[1:] != ends[:-1])
    if len(filled) * 2 > len(texts):
        return texts.dictionary_encode()
    found = pa.Array.from_buffers(
        pa.utf8(), len(filled), [None, pa.py_buffer(np.append(ends[filled], ends[-1:])), texts.buffers()[2]]
    ).dictionary_encode()
    indices = np.zeros(len(texts), np.int32)
    indices[filled] = found.indices.to_numpy() + 1
    return pa.DictionaryArray.from_arrays(pa.array(indices), pa.concat_arrays([pa.array([""]), found.dictionary]))


def _number(names: pa.StringArray, kind: str, numbers: Numbers) -> pa.Array:
    encoded = names.dictionary_encode()
    different = encoded.dictionary.to_pylist()
    known = numbers(kind, [name for name in different if name])
    found = np.array([known[name] if name else 0 for name in different], np.uint32)
    return pa.array(found[encoded.indices.to_numpy()], pa.uint32())
