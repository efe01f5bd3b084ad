"""Excel and OpenDocument workbooks: one sheet, with titles above its heading and totals below its rows."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import fastexcel
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.connect.files.table import Block, Options, Table, header, headings
from lopan.connect.files.totals import without_totals
from lopan.errors import Rejected

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_BYTES = 400_000_000
"""What the parts of a workbook may have together once they are decompressed."""

_HEAD_ROWS = 50
_BLOCK_ROWS = 16_384
_CHUNK = 1 << 20


def open_table(path: Path, options: Options) -> Table:
    """The table in a sheet, the first one that has cells unless one is named; raises Rejected when there is none."""
    _measure(path)
    try:
        book = fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise Rejected(path.name, f"is no workbook: {_said(error)}") from None
    sheet = _sheet(path, book, options.sheet)
    rows = _head(path, book, sheet)
    index = header(rows) if options.header_row is None else options.header_row - 1
    if not 0 <= index < len(rows):
        raise Rejected(path.name, f"sheet {sheet!r} has no heading in row {index + 1}")
    names = headings(rows, index)
    found = {"sheet": sheet, "heading": f"row {index + 1}"}
    choices = {"sheet": book.sheet_names}
    whole = cache(partial(_whole, path, sheet, index, names))
    return Table("excel", names, found, lambda: without_totals(_blocks(whole()), found), choices)


def _whole(path: Path, sheet: str, index: int, names: list[str]) -> pa.RecordBatch:
    """All rows of a sheet, which can't be read in parts."""
    try:
        return fastexcel.read_excel(path).load_sheet(
            sheet, header_row=None, column_names=names, skip_rows=index + 1, schema_sample_rows=None, eager=True
        )
    except fastexcel.FastExcelError as error:
        raise Rejected(path.name, f"sheet {sheet!r} can't be read: {_said(error)}") from None


def _blocks(whole: pa.RecordBatch) -> Iterator[Block]:
    for start in range(0, whole.num_rows, _BLOCK_ROWS):
        rows = whole.slice(start, _BLOCK_ROWS)
        numbers = np.arange(start + 1, start + 1 + rows.num_rows, dtype=np.int64)
        there = _filled(rows)
        if not there.all():
            rows, numbers = rows.filter(pa.array(there)), numbers[there]
        yield Block(rows, numbers, [], min(1.0, (start + _BLOCK_ROWS) / whole.num_rows))


def _filled(rows: pa.RecordBatch) -> NDArray[np.bool_]:
    """Which rows have any cell."""
    found = np.zeros(rows.num_rows, bool)
    for column in rows.columns:
        if column.null_count == 0:
            return np.ones(rows.num_rows, bool)
        found |= np.asarray(column.is_valid())
    return found


def _sheet(path: Path, book: Any, wanted: str) -> str:
    names: list[str] = book.sheet_names
    if wanted:
        if wanted not in names:
            raise Rejected(path.name, f"has no sheet {wanted!r}; there are {', '.join(map(repr, names))}")
        return wanted
    found = next((name for name in names if _head(path, book, name)), None)
    if found is None:
        raise Rejected(path.name, "is empty: no sheet has any cell")
    return found


def _head(path: Path, book: Any, sheet: str) -> list[list[object]]:
    try:
        rows = book.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=_HEAD_ROWS, dtypes="string", eager=True)
    except fastexcel.FastExcelError as error:
        if "empty" in str(error).lower() or "no data" in str(error).lower():
            return []
        raise Rejected(path.name, f"sheet {sheet!r} can't be read: {_said(error)}") from None
    return [list(row.values()) for row in rows.to_pylist()]


def _measure(path: Path) -> None:
    """Refuse a workbook whose parts are too large, by decompressing them: what a bomb says about itself is no help."""
    if path.stat().st_size == 0:
        raise Rejected(path.name, "is empty")
    if not zipfile.is_zipfile(path):
        return
    total = 0
    try:
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                with parts.open(name) as part:
                    while chunk := part.read(_CHUNK):
                        total += len(chunk)
                        if total > MOST_BYTES:
                            limit = f"{MOST_BYTES // 1_000_000} MB"
                            raise Rejected(path.name, f"is larger than {limit} once decompressed; export it as CSV")
    # RuntimeError: a part is encrypted, or compressed in a way that Python does not know.
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise Rejected(path.name, f"is no workbook: {error}") from None


def _said(error: Exception) -> str:
    return str(error).splitlines()[0][:300]
