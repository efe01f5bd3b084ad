"""CSV and its kin: any sign between cells, quoted line breaks, titles above the heading, totals below the rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from lopan.connect.files import sniff
from lopan.connect.files.table import Block, Options, Table
from lopan.connect.files.totals import without_totals
from lopan.connect.stage import LONGEST_RAW, MOST_REFUSED, Refused
from lopan.errors import Rejected

SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
_BLOCK_BYTES = 1 << 20
"""The reader keeps some fifty times as much in memory; a line must be shorter."""


def open_table(path: Path, options: Options) -> Table:
    """The table in a text file; raises Rejected when it is none."""
    encoded = sniff.encoding(path, options.encoding)
    laid = sniff.layout(path, encoded.name, options.delimiter, options.header_row)
    names = laid.names
    found = {
        "encoding": f"{encoded.name} ({encoded.evidence})",
        "delimiter": f"{sniff.DELIMITERS.get(laid.delimiter, repr(laid.delimiter))} ({laid.evidence})",
        "heading": f"line {laid.header_row}",
    }
    return Table("csv", names, found, lambda: without_totals(_read(path, encoded.name, laid, names), found))


def _read(path: Path, encoded: str, laid: sniff.Layout, names: list[str]) -> Iterator[Block]:
    odd: list[Refused] = []
    kept = 0

    def ragged(row: csv.InvalidRow) -> str:
        nonlocal kept
        kept += 1
        said = f"has {row.actual_columns} cells instead of {row.expected_columns}"
        odd.append(Refused(row.number - laid.skip, "", said, row.text[:LONGEST_RAW] if kept <= MOST_REFUSED else ""))
        return "skip"

    following, size = 1, max(1, path.stat().st_size)
    empty = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.utf8()) for name in names]))
    held = Block(empty, np.zeros(0, np.int64), [], 0.0)
    try:
        with path.open("rb") as file, _open(file, encoded, laid, names, ragged) as reader:
            for rows in reader:
                numbers = _numbers(following, rows.num_rows, [one.row for one in odd])
                following = int(numbers[-1]) + 1 if numbers.size else following
                refused = [one for one in odd if one.row < following]
                del odd[: len(refused)]
                if held.share:
                    yield held
                held = Block(rows, numbers, refused, min(1.0, file.tell() / size))
    except pa.ArrowInvalid as error:
        raise Rejected(path.name, _reason(str(error), following)) from None
    # What the reader met after its last whole row belongs to the last block, where totals are looked for.
    yield held._replace(refused=[*held.refused, *odd])


def _open(file: object, encoded: str, laid: sniff.Layout, names: list[str], ragged: object) -> csv.CSVStreamingReader:
    try:
        return csv.open_csv(
            file,
            # One thread: rows keep their numbers, and the reader's processor time is that of one core.
            csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, skip_rows=laid.skip, column_names=names, encoding=encoded
            ),
            csv.ParseOptions(delimiter=laid.delimiter, newlines_in_values=True, invalid_row_handler=ragged),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.utf8()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise Rejected("", "has a heading, but no rows below it") from None
        raise


def _numbers(first: int, count: int, without: list[int]) -> NDArray[np.int64]:
    """``count`` row numbers from ``first``, those of rows that were left out skipped."""
    numbers = np.arange(first, first + count + len(without), dtype=np.int64)
    return np.setdiff1d(numbers, np.array(without, np.int64), assume_unique=True)[:count]


def _reason(said: str, row: int) -> str:
    if "straddling" in said or "block boundaries" in said:
        return f"a quoted cell that begins after row {row:,} does not end; look for a single quotation mark there"
    return f"after row {row:,}: {said.splitlines()[0]}"
