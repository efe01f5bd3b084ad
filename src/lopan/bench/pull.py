"""Pulling from PostgreSQL: what a million rows cost until they are in the store, and the memory it takes."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from lopan.bench.bed import say
from lopan.bench.figure import Figure
from lopan.bench.imports import Spent
from lopan.bench.meter import Meter
from lopan.clock import SYSTEM
from lopan.config import SqlConnection, StoreSettings
from lopan.connect import mapping
from lopan.connect.load import Loader
from lopan.connect.sql.follow import Follow
from lopan.connect.sql.pull import Outcome
from lopan.control.database import open_database
from lopan.errors import GiveUp
from lopan.lean import without_pandas
from lopan.store import Chdb
from lopan.store.facts import prepare

ROWS = 1_000_000
_MAPPING = """zone = "Europe/Berlin"
[sql]
watermark = "changed"
query = '''
SELECT n AS id, 'O' || n / 3 AS sales_order, (n % 3)::text AS line, 'customer ' || n % 400 AS customer,
       'product ' || n % 900 AS product, 'site ' || n % 3 AS site, 'region ' || n % 7 AS region,
       TIMESTAMP '2024-01-01' + n % 60000000 * INTERVAL '61 s' AS placed,
       TIMESTAMP '2024-01-11' + n % 60000000 * INTERVAL '61 s' AS due,
       TIMESTAMPTZ '2024-01-08 00:00:00+00' + n % 60000000 * INTERVAL '61 s' AS delivered,
       1 + n % 50 AS ordered, (1 + n % 50)::numeric AS quantity, ((1 + n % 50) * 12.35)::numeric(12, 2) AS amount,
       'EUR' AS currency, false AS cancelled, TIMESTAMP '2024-01-01' + n * INTERVAL '1 s' AS changed
FROM generate_series(1, ROWS) n
'''
[[facts]]
fact = "order_line"
key = "id"
modified = "changed"
[facts.fields]
order = "sales_order"
line = "line"
customer = "customer"
product = "product"
site = "site"
region = "region"
placed = "placed"
requested = "due"
first_promised = "due"
promised = "due"
delivered = "delivered"
ordered = "ordered"
delivered_quantity = "quantity"
amount = "amount"
currency = "currency"
cancelled = "cancelled"
"""


def run(connection: SqlConnection, rows: int = ROWS) -> list[Figure]:
    """Pull ``rows`` order lines, which the database makes up, into a store of its own."""
    with tempfile.TemporaryDirectory(prefix="lopan-pull-") as scratch:
        say(f"pulling {rows:,} rows from {connection.host}")
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe()
        process = spawn.Process(target=_child, args=(there, Path(scratch), connection, rows))
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
            raise GiveUp("the pull failed; its messages above say why") from None
        finally:
            process.join()
            meter.close()
    if spent.rows != rows:
        raise GiveUp(f"{spent.rows:,} of {rows:,} rows were loaded")
    return [
        Figure(name=f"CPU of {rows:,} rows until loaded", value=spent.cpu_s, unit="s", bar=12, note="16 columns"),
        Figure(name="peak RSS above idle", value=meter.peak_mb - idle, unit="MB", bar=300),
        Figure(name="rows a second", value=rows / spent.seconds, unit="1/s", better="higher"),
    ]


def _child(there: Connection, root: Path, connection: SqlConnection, rows: int) -> None:
    """On a thread that is not the main one, as the store wants it."""
    without_pandas()
    thread = threading.Thread(target=_work, args=(there, root, connection, rows))
    thread.start()
    thread.join()
    there.close()


def _work(there: Connection, root: Path, connection: SqlConnection, rows: int) -> None:
    engine = open_database(root)
    store = Chdb(root / "store", StoreSettings().max_memory)
    prepare(store)
    loader = Loader(engine, store, root / "facts", SYSTEM)
    mappings = {"bench": mapping.parse(_MAPPING.replace("ROWS", str(rows)), "bench")}
    with ThreadPoolExecutor(1) as asking:
        follow = Follow(engine, store, loader, SYSTEM, connection, mappings, "Europe/Berlin", asking)
        there.send("ready")
        there.recv()
        cpu, began = time.process_time(), time.monotonic()
        (outcome,) = follow.round().values()
        spent = time.process_time() - cpu, time.monotonic() - began
    if not isinstance(outcome, Outcome):
        raise outcome
    (count,) = store.query("SELECT count() AS rows FROM fact_order_line").to_pylist()
    there.send(Spent(*spent, min(count["rows"], outcome.taken)))
    store.close()
    engine.dispose()
