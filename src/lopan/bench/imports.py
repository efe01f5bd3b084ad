"""Import of files: what a million rows cost until they are in the store, and the memory above an idle process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from lopan.bench import loading, workbook
from lopan.bench.bed import say
from lopan.bench.figure import Figure
from lopan.connect import importer
from lopan.connect.load import Loader
from lopan.store import Store

ROWS = 1_000_000
SHEET_ROWS = 50_000
SHEET_COLUMNS = 33
_HEADINGS = (
    "key", "order", "line", "customer", "product", "site", "region", "placed", "requested", "first promised",
    "promised", "shipped", "delivered", "ordered", "delivered quantity", "amount", "currency", "cancelled",
)  # fmt: skip
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def run(rows: int = ROWS, sheet_rows: int = SHEET_ROWS) -> list[Figure]:
    """Import ``rows`` order lines from CSV and a sheet of ``sheet_rows`` by 33, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="lopan-import-") as scratch:
        root = Path(scratch)
        say(f"writing {rows:,} rows of CSV and {sheet_rows:,} of Excel")
        _csv(root / "lines.csv", rows)
        workbook.write(root / "lines.xlsx", {"lines": _sheet(sheet_rows)})
        size = (root / "lines.csv").stat().st_size / 1e6
        note = f"{size:,.0f} MB, {len(_HEADINGS)} columns"
        csv = loading.measure(root / "csv", rows, partial(_import, root / "lines.csv"), 15, note, "CSV: ")
        work, note = partial(_import, root / "lines.xlsx"), f"{SHEET_COLUMNS} columns"
        return csv + loading.measure(root / "xlsx", sheet_rows, work, 8, note, "Excel: ")


def _import(path: Path, engine: Engine, store: Store, loader: Loader) -> int:
    options = importer.Options(fact="order_line", zone="Europe/Berlin", dates="iso")
    return importer.run(path, options, partial(loader.stage, by="bench")).report.taken


def _csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(_HEADINGS) + "\n")
        for number in range(rows):
            file.write(",".join(_line(number, "%Y-%m-%d %H:%M:%S")) + "\n")


def _line(number: int, form: str) -> list[str]:
    placed = _BEGIN + timedelta(seconds=61 * number % 60_000_000)
    due, done = placed + timedelta(days=10), placed + timedelta(days=7 + number % 5, minutes=number % 600)
    times = [moment.strftime(form) for moment in (placed, due, due, due, placed + timedelta(days=3), done)]
    quantity = 1 + number % 50
    return [
        f"L{number}", f"O{number // 3}", str(number % 3), f"customer {number % 400}", f"product {number % 900}",
        f"site {number % 3}", f"region {number % 7}", *times, str(quantity), str(quantity - (number % 17 == 0)),
        f"{quantity * 12.35:.2f}", "EUR", "false",
    ]  # fmt: skip


def _sheet(rows: int) -> Iterator[list[workbook.Cell]]:
    yield ["Order lines of the year"]
    yield [*_HEADINGS, *(f"extra {number}" for number in range(SHEET_COLUMNS - len(_HEADINGS)))]
    for number in range(rows):
        placed = _BEGIN + timedelta(seconds=61 * number)
        due = placed + timedelta(days=10)
        line: list[workbook.Cell] = [*_line(number, "%Y-%m-%d")]
        line[7:13] = [placed, due, due, due, placed + timedelta(days=3), due]
        line[13:16] = [1.0 + number % 50, 1.0 + number % 50, round((1 + number % 50) * 12.35, 2)]
        yield [*line, *(f"word {number % (50 + place)}" for place in range(SHEET_COLUMNS - len(_HEADINGS)))]
