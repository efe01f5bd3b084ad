"""Order lines loaded in a process of its own: what they cost until they are in the store, and the memory above idle."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from lopan.bench.figure import Figure
from lopan.bench.meter import Meter
from lopan.clock import SYSTEM
from lopan.config import StoreSettings
from lopan.connect.load import Loader
from lopan.control.database import open_database
from lopan.errors import GiveUp
from lopan.lean import without_pandas
from lopan.store import Chdb, Store
from lopan.store.facts import prepare

Work = Callable[[Engine, Store, Loader], int]
"""Loads order lines and says how many it took; it is sent to another process."""


class _Spent(NamedTuple):
    cpu_s: float
    seconds: float
    rows: int


def measure(root: Path, rows: int, work: Work, bar: float, note: str, of: str = "") -> list[Figure]:
    """Figures of ``work`` with the data under ``root``; ``bar`` is that of CPU seconds, ``of`` begins their names.

    Raises GiveUp when other than ``rows`` rows were loaded.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_child, args=(there, root, work))
    process.start()
    there.close()
    assert process.pid is not None
    meter = Meter(process.pid)
    try:
        here.recv()
        idle = meter.rss_mb
        here.send("go")
        spent: _Spent = here.recv()
    except EOFError:
        raise GiveUp(f"{of}loading failed; its messages above say why") from None
    finally:
        process.join()
        meter.close()
    if spent.rows != rows:
        raise GiveUp(f"{of}{spent.rows:,} of {rows:,} rows were loaded")
    return [
        Figure(name=f"{of}CPU of {rows:,} rows until loaded", value=spent.cpu_s, unit="s", bar=bar, note=note),
        Figure(name=f"{of}peak RSS above idle", value=meter.peak_mb - idle, unit="MB", bar=300),
        Figure(name=f"{of}rows a second", value=rows / spent.seconds, unit="1/s", better="higher"),
    ]


def _child(there: Connection, root: Path, work: Work) -> None:
    """On a thread that is not the main one, as the store wants it."""
    without_pandas()
    thread = threading.Thread(target=_run, args=(there, root, work))
    thread.start()
    thread.join()
    there.close()


def _run(there: Connection, root: Path, work: Work) -> None:
    engine = open_database(root)
    store = Chdb(root / "store", StoreSettings().max_memory)
    prepare(store)
    loader = Loader(engine, store, root / "facts", SYSTEM)
    there.send("ready")
    there.recv()
    cpu, began = time.process_time(), time.monotonic()
    taken = work(engine, store, loader)
    spent = time.process_time() - cpu, time.monotonic() - began
    (count,) = store.query("SELECT count() AS rows FROM fact_order_line").to_pylist()
    there.send(_Spent(*spent, min(count["rows"], taken)))
    store.close()
    engine.dispose()
