"""Columns of a fact as the checked Arrow blocks that a batch takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.connect.stage import schema
from lopan.demo.fleet import Ints
from lopan.fact import SPECS, Column

NONE = int(np.iinfo(np.int64).min)
"""An unknown time or day among integers; an unknown number is NaN, an unknown flag is below 0."""
ROWS = 20_000

Values = NDArray[Any]
Columns = dict[str, Values]
"""Arrays of one length by field. Times are ms and days are days since 1970, texts are ``str_``, money is a float."""


def blocks(fact: str, parts: Iterable[Columns]) -> Iterator[pa.RecordBatch]:
    """Blocks of about 20,000 rows from many small parts, which have the same fields."""
    waiting: list[Columns] = []
    rows = 0
    for part in parts:
        if not len(part["key"]):
            continue
        waiting.append(part)
        rows += len(part["key"])
        if rows >= ROWS:
            yield block(fact, joined(waiting))
            waiting, rows = [], 0
    if waiting:
        yield block(fact, joined(waiting))


def joined(parts: list[Columns]) -> Columns:
    """One part after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def within(columns: Columns, start: int, now: int) -> Columns:
    """Rows whose ``modified`` lies after ``start`` and not after ``now``; when a row was written down is the same."""
    modified = columns["modified"]
    kept = (modified > start) & (modified <= now)
    left = {name: values[kept] for name, values in columns.items()}
    left["recorded"] = left["modified"]
    return left


def block(fact: str, columns: Columns) -> pa.RecordBatch:
    """One block; a field that is not among ``columns`` is unknown, or what it is when nobody says."""
    spec = SPECS[fact]
    rows = len(columns["key"])
    wanted = schema(spec)
    arrays = [
        _array(columns[field.name], field.type)
        if field.name in columns
        else _blank(spec.column(field.name), field, rows)
        for field in wanted
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _array(values: Values, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64(), mask=values == NONE).cast(kind)
    if pa.types.is_date(kind):
        unknown = values == NONE
        return pa.array(np.where(unknown, 0, values).astype(np.int32), pa.int32(), mask=unknown).cast(kind)
    if pa.types.is_decimal(kind):
        unknown = np.isnan(values)
        cents = np.rint(np.where(unknown, 0.0, values) * 100)
        return pa.array(cents / 100, mask=unknown).cast(kind)
    if pa.types.is_uint8(kind):
        return pa.array(np.maximum(values, 0).astype(np.uint8), kind, mask=values < 0)
    if pa.types.is_floating(kind):
        return pa.array(values.astype(float), kind, mask=np.isnan(values.astype(float)))
    return pa.array(values, kind)


def _blank(column: Column | None, field: pa.Field, rows: int) -> pa.Array:
    if field.nullable and field.name != "deleted":
        return pa.nulls(rows, field.type)
    default = column.default if column and column.default is not None else None
    if default is None:
        default = False if field.name == "deleted" else "" if pa.types.is_string(field.type) else 0
    return pa.array([default], field.type).take(pa.array(np.zeros(rows, np.int64)))


def words(names: list[str] | tuple[str, ...], which: Ints) -> Values:
    """The name of each index."""
    picked: Values = np.array(names, np.str_)[which]
    return picked
