"""Spooled records as one Arrow table of whole columns, and Arrow batches as records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lopan.ingest.arrays import CODES, filled
from lopan.ingest.columns import DEFAULTS, SCHEMA
from lopan.spool import Fixed, Record, Texts

_LENGTH = 4


def table(records: Sequence[Record]) -> pa.Table:
    """The rows of all records in order, in the columns that at least one of them has; no nulls."""
    rows = sum(record.rows for record in records)
    arrays: dict[str, pa.Array] = {}
    for name, kind in SCHEMA.items():
        if kind == pa.utf8():
            texts = [record.texts.get(name) for record in records]
            if any(texts):
                arrays[name] = _texts(texts, records, rows)
        else:
            fixed = [record.fixed.get(name) for record in records]
            if any(fixed):
                arrays[name] = _fixed(fixed, records, rows, name, kind)
    return pa.table(arrays)


def record_of(batch: pa.RecordBatch) -> Record:
    """A batch with columns of ``SCHEMA``; nulls become what a row without a value has."""
    fixed: dict[str, Fixed] = {}
    texts: dict[str, Texts] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind = SCHEMA[name]
        if kind == pa.utf8():
            texts[name] = _lengths(pc.fill_null(column, "") if column.null_count else column)
            continue
        if column.null_count:
            blank = pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(filled(CODES[kind], 1, DEFAULTS.get(name, 0)))])
            column = pc.fill_null(column, blank[0])
        size = kind.byte_width
        values = memoryview(column.buffers()[1])[column.offset * size : (column.offset + len(column)) * size]
        fixed[name] = Fixed(CODES[kind], values)
    return Record(batch.num_rows, fixed, texts)


def _lengths(column: pa.StringArray) -> Texts:
    ends = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    return Texts(np.diff(ends).astype(np.uint32), memoryview(data)[ends[0] : ends[-1]] if data else b"")


def _texts(texts: list[Texts | None], records: Sequence[Record], rows: int) -> pa.Array:
    lengths = b"".join(
        text.lengths if text else bytes(_LENGTH * record.rows) for text, record in zip(texts, records, strict=True)
    )
    ends = np.zeros(rows + 1, np.int32)
    np.cumsum(np.frombuffer(lengths, np.int32), dtype=np.int32, out=ends[1:])
    data = b"".join(text.data for text in texts if text)
    return pa.Array.from_buffers(pa.utf8(), rows, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def _fixed(fixed: list[Fixed | None], records: Sequence[Record], rows: int, name: str, kind: pa.DataType) -> pa.Array:
    default = DEFAULTS.get(name, 0)
    values = b"".join(
        one.values if one else filled(CODES[kind], record.rows, default)
        for one, record in zip(fixed, records, strict=True)
    )
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(values)])
