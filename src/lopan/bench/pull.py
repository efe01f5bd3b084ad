"""Pulling from PostgreSQL: what a million rows cost until they are in the store, and the memory it takes."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from lopan.bench import loading
from lopan.bench.bed import say
from lopan.bench.figure import Figure
from lopan.clock import SYSTEM
from lopan.config import SqlConnection
from lopan.connect import mapping
from lopan.connect.load import Loader
from lopan.connect.sql.follow import Follow
from lopan.connect.sql.pull import Outcome
from lopan.store import Store

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
        return loading.measure(Path(scratch), rows, partial(_pull, connection, rows), 12, "16 columns")


def _pull(connection: SqlConnection, rows: int, engine: Engine, store: Store, loader: Loader) -> int:
    mappings = {"bench": mapping.parse(_MAPPING.replace("ROWS", str(rows)), "bench")}
    with ThreadPoolExecutor(1) as asking:
        follow = Follow(engine, store, loader, SYSTEM, connection, mappings, "Europe/Berlin", asking)
        (outcome,) = follow.round().values()
    if not isinstance(outcome, Outcome):
        raise outcome
    return outcome.taken
