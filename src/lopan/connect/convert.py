"""From raw columns and a mapping to checked rows of a fact, block by block, and to what was refused with its reason.

A row is taken exactly when the fact's type takes what its cells say; see ``check`` for the limits and ``cells`` for how
cells are read. Nothing is taken halfway: a row with one bad field is refused, named after its first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lopan.connect import cells, check, keys
from lopan.connect.cells import Cells, Way
from lopan.connect.mapping import Condition, Field, Mapping, Target
from lopan.connect.stage import LONGEST_RAW, MOST_REFUSED, Refused, schema
from lopan.errors import Rejected
from lopan.fact import COMMON, KEY, Column, Spec
from lopan.store.facts import arrow

Mask = NDArray[np.bool_]
_JOINED = "; "


class Converted(NamedTuple):
    """Rows in the columns of ``stage.schema``, the refused, and how many rows were none (left out by conditions)."""

    block: pa.RecordBatch
    refused: list[Refused]
    skipped: int


class Converter:
    """Converts the blocks of one table, in order; ``columns`` are all it has.

    ``twice`` and ``never`` count local times that a zone has two of or none; ``repeated`` rows with the key of an
    earlier one, of which the last counts; ``first`` and ``last`` are the range of each field of time.
    Raises Rejected when the mapping names a column that is not there.
    """

    def __init__(self, mapping: Mapping, target: Target, columns: Sequence[str], zone: str = "UTC") -> None:
        self._target, self._spec = target, target.spec
        self._schema = schema(self._spec)
        self._names = list(columns)
        _lint_columns(mapping, target, columns)
        self._ways = {column.name: _way(mapping, field, zone) for column, field in target.all_fields()}
        self._fixed = {
            column.name: (
                _fixed(column, field.constant, self._ways[column.name], mapping),
                _fixed(column, field.default, self._ways[column.name], mapping),
            )
            for column, field in target.all_fields()
        }
        self._row_keys = keys.RowKeys()
        self._seen = keys.Seen()
        self._kept = 0
        self.twice: Counter[str] = Counter()
        self.never: Counter[str] = Counter()
        self.repeated = 0
        self.first: dict[str, Any] = {}
        self.last: dict[str, Any] = {}

    def __call__(self, block: pa.RecordBatch | pa.Table, numbers: NDArray[np.int64]) -> Converted:
        """``numbers`` are those of the rows in the source, from 1."""
        wanted = self._wanted(block)
        skipped = block.num_rows - int(wanted.sum())
        if skipped:
            block, numbers = block.filter(pa.array(wanted)), numbers[wanted]
        gone = self._gone(block)
        columns, problems = self._read(block)
        problems += check.check(columns, self._spec)
        bad = np.zeros(block.num_rows, bool)
        for one in problems:
            bad |= one.rows if one.field in COMMON else one.rows & ~gone
        if gone.any():
            columns = _blanked(columns, self._spec, gone)
        made = [columns[name] if name != "deleted" else pa.array(gone) for name in self._schema.names]
        good = pa.RecordBatch.from_arrays(
            [one.filter(pa.array(~bad)) if bad.any() else one for one in made], self._schema.names
        )
        self._note(good)
        return Converted(good.cast(self._schema), self._refuse(block, numbers, bad, gone, problems), skipped)

    def _wanted(self, block: pa.RecordBatch) -> Mask:
        wanted = np.ones(block.num_rows, bool)
        for one in self._target.only:
            wanted &= self._meets(block, one)
        for one in self._target.skip:
            wanted &= ~self._meets(block, one)
        return wanted

    def _gone(self, block: pa.RecordBatch) -> Mask:
        if self._target.deleted is None:
            return np.zeros(block.num_rows, bool)
        return self._meets(block, self._target.deleted)

    def _meets(self, block: pa.RecordBatch, condition: Condition) -> Mask:
        found = cells.texts(cells.plain(block.column(condition.column)))
        met = pa.array(np.zeros(len(found), bool))
        if condition.values:
            met = pc.or_(met, pc.is_in(found, pa.array(condition.values)))
        if condition.pattern:
            met = pc.or_(met, pc.fill_null(pc.match_substring_regex(found, condition.pattern), False))
        if condition.empty:
            met = pc.or_(met, found.is_null())
        return np.asarray(met)

    def _read(self, block: pa.RecordBatch) -> tuple[dict[str, pa.Array], list[check.Problem]]:
        """Complete columns, and what could not be read; a cell that could not is not missing as well."""
        found: dict[str, pa.Array] = {KEY.name: self._key(block)}
        problems = []
        for column, field in self._target.all_fields():
            values, wrong, twice, never = self._one(block, column, field)
            problems += [check.Problem(rows, column.name, said) for rows, said in wrong]
            self.twice[column.name] += twice
            self.never[column.name] += never
            found[column.name] = values
        return check.complete(found, self._spec, block.num_rows), problems

    def _one(self, block: pa.RecordBatch, column: Column, field: Field) -> Cells:
        constant, default = self._fixed[column.name]
        if constant is not None:
            return Cells(pa.repeat(constant, block.num_rows))
        way = self._ways[column.name]
        parts = [block.column(name) for name in field.columns]
        if not parts:
            read = Cells(pa.nulls(block.num_rows, arrow(column)))
        elif len(parts) == 1:
            read = cells.read(parts[0], column, way)
        elif column.kind == "time":
            read = cells.day_and_time(parts[0], parts[1], way)
        else:
            read = cells.read(_together(parts, field.separator, way.null), column, way)
        if default is None or read.values.null_count == 0:
            return read
        unread = np.zeros(block.num_rows, bool)
        for rows, _ in read.wrong:
            unread |= rows
        empty = pc.and_(read.values.is_null(), pa.array(~unread))
        return read._replace(values=pc.if_else(empty, default, read.values))

    def _key(self, block: pa.RecordBatch) -> pa.Array:
        if not self._target.keys:
            return self._row_keys([block.column(name) for name in self._names])
        return keys.joined([block.column(name) for name in self._target.keys])

    def _refuse(
        self, block: pa.RecordBatch, numbers: NDArray[np.int64], bad: Mask, gone: Mask, problems: list[check.Problem]
    ) -> list[Refused]:
        rows = np.flatnonzero(bad)
        if rows.size == 0:
            return []
        first = np.full(block.num_rows, len(problems), np.int64)
        for index in range(len(problems) - 1, -1, -1):
            one = problems[index]
            first[one.rows if one.field in COMMON else one.rows & ~gone] = index
        raw = _raw(block, rows[: max(0, MOST_REFUSED - self._kept)])
        self._kept += rows.size
        raw += [""] * (rows.size - len(raw))
        return [
            Refused(int(numbers[row]), problems[first[row]].field, problems[first[row]].reason, text)
            for row, text in zip(rows, raw, strict=True)
        ]

    def _note(self, good: pa.RecordBatch) -> None:
        if self._target.keys:
            self.repeated += int(self._seen.again(keys.hashes(good.column(KEY.name).to_pylist())).sum())
        for column in self._spec.columns:
            if column.kind not in ("time", "day"):
                continue
            edges = pc.min_max(good.column(column.name)).as_py()
            if edges["min"] is not None:
                self.first[column.name] = min(edges["min"], self.first.get(column.name, edges["min"]))
                self.last[column.name] = max(edges["max"], self.last.get(column.name, edges["max"]))


def _way(mapping: Mapping, field: Field, zone: str) -> Way:
    return Way(
        format=field.format or mapping.dates,
        zone=ZoneInfo(field.zone or mapping.zone or zone),
        values=field.values,
        null=(*mapping.null, *field.null),
        decimal=field.decimal or mapping.decimal,
        thousands=field.thousands or mapping.thousands,
        factor=field.factor,
        round=field.round,
    )


def _fixed(column: Column, value: object, way: Way, mapping: Mapping) -> pa.Scalar | None:
    """A constant or default in the type of its column; raises Rejected when it is none."""
    if value is None:
        return None
    raw = pa.array([value]) if not isinstance(value, str) or value else pa.array([None], pa.utf8())
    if value == "":
        return pa.scalar("", pa.utf8()) if column.kind in ("text", "choice") else None
    plainly = way._replace(format=way.format or "iso", factor=1.0, decimal=".", thousands="")
    read = cells.read(raw, column, plainly if isinstance(value, str) else plainly._replace(values={}))
    problems = [said for _, said in read.wrong]
    problems = problems or [said for rows, said in check.limits(read.values, column) if rows.any()]
    if problems:
        raise Rejected(f"{mapping.name}: {column.name}", f"{value!r} {problems[0]}")
    return read.values[0]


def _lint_columns(mapping: Mapping, target: Target, columns: Sequence[str]) -> None:
    there = set(columns)
    for name, what in target.columns().items():
        if name in there:
            continue
        twins = [one for one in columns if one.rpartition(" (")[0] == name and one.endswith(")")]
        if twins:
            reason = f"several columns are called {name!r}; name one of {', '.join(map(repr, twins))}"
        else:
            listed = ", ".join(repr(one) for one in columns[:40])
            reason = f"there is no column {name!r}, which {what} is made of; there are {listed}"
        raise Rejected(f"{mapping.name or target.fact}", reason)


def _together(parts: list[pa.Array], separator: str, null: tuple[str, ...]) -> pa.Array:
    """Texts of several columns with ``separator`` between those that are there; null where none is."""
    found = [cells.texts(cells.plain(one, null)) for one in parts]
    joined = pc.binary_join_element_wise(*found, separator, null_handling="skip")
    return pc.replace_with_mask(joined, pc.equal(joined, ""), pa.scalar(None, pa.utf8()))


def _blanked(columns: dict[str, pa.Array], spec: Spec, gone: Mask) -> dict[str, pa.Array]:
    """Deleted rows with what they need not have: bad values and gaps would keep them out of the store."""
    mask = pa.array(gone)
    return columns | {one.name: pc.if_else(mask, check.blank(one), columns[one.name]) for one in spec.columns}


def _raw(block: pa.RecordBatch, rows: NDArray[np.int64]) -> list[str]:
    """Rows as they came, cells between semicolons."""
    picked = block.take(pa.array(rows))
    lines = zip(*(column.to_pylist() for column in picked.columns), strict=True)
    return [_JOINED.join("" if cell is None else str(cell) for cell in line)[:LONGEST_RAW] for line in lines]
