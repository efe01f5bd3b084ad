"""Tables as files: CSV that a spreadsheet can't be tricked with, and Parquet with the same columns and their types."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import anyio.to_thread
import msgspec
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from lopan.web import compress

Form = Literal["csv", "parquet"]
Kind = Literal["text", "number", "count", "time", "flag"]
Cell = str | float | int | bool | datetime | None

_TYPES: Final = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_()}
_MEDIA: Final = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_BOM: Final = "\ufeff"
"""Without it Excel reads UTF-8 as something else."""
# What begins a formula, at the start of a cell or behind what some spreadsheet takes for the end of one.
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])([ \u00a0]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\t\r])")
_ODD: Final = re.compile(r"[^a-z0-9_-]+")


class Column(msgspec.Struct, frozen=True):
    """One column; times are aware, and None is an empty cell."""

    name: str
    kind: Kind
    values: list[Cell]


class Sheet(msgspec.Struct, frozen=True):
    """One table for export; ``zone`` is the site's, in which times are written, and ``name`` becomes the file's."""

    name: str
    zone: str
    columns: list[Column]


def sheet(name: str, zone: str, kinds: dict[str, Kind], rows: Sequence[Sequence[Cell]]) -> Sheet:
    """A Sheet from its rows; each has a cell for each of ``kinds``, in that order."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in kinds)
    return Sheet(name, zone, [Column(*kind, list(cells)) for kind, cells in zip(kinds.items(), columns, strict=True)])


def to_csv(table: Sheet) -> str:
    """RFC 4180 with a byte order mark; text that a spreadsheet would compute gets an apostrophe in front."""
    zone = ZoneInfo(table.zone)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(
        [_written(cell, zone) for cell in cells]
        for cells in zip(*(column.values for column in table.columns), strict=True)
    )
    return _BOM + out.getvalue()


def to_parquet(table: Sheet) -> bytes:
    """Typed columns, zstd; times in the site's zone, and text as it is: nothing computes it."""
    # 9 MB of code, for those alone who ask for such a file.
    import pyarrow.parquet as pq

    types = _TYPES | {"time": pa.timestamp("ms", tz=table.zone)}
    made = {column.name: pa.array(column.values, types[column.kind]) for column in table.columns}
    out = pa.BufferOutputStream()
    pq.write_table(pa.table(made), out, compression="zstd")
    written: bytes = out.getvalue().to_pybytes()
    return written


async def answer(request: Request, table: Sheet, form: Form) -> Response:
    """The file as a download named after the table."""
    headers = {"Content-Disposition": f'attachment; filename="lopan-{_ODD.sub("-", table.name.lower())}.{form}"'}
    if form == "parquet":
        body = await anyio.to_thread.run_sync(to_parquet, table)
    else:
        text = await anyio.to_thread.run_sync(to_csv, table)
        body, coding = compress.answer(text.encode(), request.headers)
        headers |= coding
    return Response(body, headers=headers, media_type=_MEDIA[form])


def neutral(text: str) -> str:
    """``text`` with an apostrophe before whatever a spreadsheet would take for the start of a formula."""
    return _FORMULA.sub(r"\1\2'", text)


def _written(cell: Cell, zone: ZoneInfo) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.astimezone(zone).isoformat(timespec="milliseconds" if cell.microsecond else "seconds")
    return neutral(cell) if isinstance(cell, str) else str(cell)
