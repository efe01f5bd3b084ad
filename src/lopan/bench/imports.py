"""Import of files: what a million rows cost until they are in the store, and the memory above an idle process."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from lopan.bench import workbook
from lopan.bench.bed import say
from lopan.bench.figure import Figure
from lopan.bench.meter import Meter
from lopan.clock import SYSTEM
from lopan.config import StoreSettings
from lopan.connect import importer
from lopan.connect.load import Loader
from lopan.control.database import open_database
from lopan.errors import GiveUp
from lopan.lean import without_pandas
from lopan.store import Chdb
from lopan.store.facts import prepare

ROWS = 1_000_000
SHEET_ROWS = 50_000
SHEET_COLUMNS = 33
_HEADINGS = (
    "key", "order", "line", "customer", "product", "site", "region", "placed", "requested", "first promised",
    "promised", "shipped", "delivered", "ordered", "delivered quantity", "amount", "currency", "cancelled",
)  # fmt: skip
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


class Spent(NamedTuple):
    """CPU and wall seconds of one import, and its rows."""

    cpu_s: float
    seconds: float
    rows: int


def run(rows: int = ROWS, sheet_rows: int = SHEET_ROWS) -> list[Figure]:
    """Import ``rows`` order lines from CSV and a sheet of ``sheet_rows`` by 33, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="lopan-import-") as scratch:
        root = Path(scratch)
        say(f"writing {rows:,} rows of CSV and {sheet_rows:,} of Excel")
        _csv(root / "lines.csv", rows)
        workbook.write(root / "lines.xlsx", {"lines": _sheet(sheet_rows)})
        size = (root / "lines.csv").stat().st_size / 1e6
        csv = _measured("CSV", root / "lines.csv", rows, 15, f"{size:,.0f} MB, {len(_HEADINGS)} columns")
        return csv + _measured("Excel", root / "lines.xlsx", sheet_rows, 8, f"{SHEET_COLUMNS} columns")


def _measured(name: str, path: Path, rows: int, bar: float, note: str) -> list[Figure]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_child, args=(there, path), name=name)
    process.start()
    there.close()
    assert process.pid is not None
    meter = Meter(process.pid)
    try:
        here.recv()
        idle = meter.rss_mb
        here.send("go")
        spent: Spent = here.recv()
    except EOFError:
        raise GiveUp(f"the import from {name} failed; its messages above say why") from None
    finally:
        process.join()
        meter.close()
    if spent.rows != rows:
        raise GiveUp(f"{spent.rows:,} of {rows:,} rows of {name} were loaded")
    return [
        Figure(name=f"{name}: CPU of {rows:,} rows until loaded", value=spent.cpu_s, unit="s", bar=bar, note=note),
        Figure(name=f"{name}: peak RSS above idle", value=meter.peak_mb - idle, unit="MB", bar=300),
        Figure(name=f"{name}: rows a second", value=rows / spent.seconds, unit="1/s", better="higher"),
    ]


def _child(there: Connection, path: Path) -> None:
    """On a thread that is not the main one, as the store wants it."""
    without_pandas()
    thread = threading.Thread(target=_work, args=(there, path))
    thread.start()
    thread.join()
    there.close()


def _work(there: Connection, path: Path) -> None:
    root = path.parent / path.suffix[1:]
    engine = open_database(root)
    store = Chdb(root / "store", StoreSettings().max_memory)
    prepare(store)
    loader = Loader(engine, store, root / "facts", SYSTEM)
    there.send("ready")
    there.recv()
    cpu, began = time.process_time(), time.monotonic()
    options = importer.Options(fact="order_line", zone="Europe/Berlin", dates="iso")
    outcome = importer.run(path, options, partial(loader.stage, by="bench"))
    spent = time.process_time() - cpu, time.monotonic() - began
    (count,) = store.query("SELECT count() AS rows FROM fact_order_line").to_pylist()
    there.send(Spent(*spent, min(count["rows"], outcome.report.taken)))
    store.close()
    engine.dispose()


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
