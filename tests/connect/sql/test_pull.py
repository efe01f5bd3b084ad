"""After every pull the facts are what the database holds: corrections, late changes, deletions, clocks set back."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests import servers
from tests.house import House

from lopan.config import SqlConnection
from lopan.connect import mapping as mappings
from lopan.connect.sql.database import Database, database
from lopan.connect.sql.pull import Outcome, Puller
from lopan.control import batches, pulls
from lopan.errors import GiveUp, TryAgain
from lopan.store.facts import now

BERLIN = ZoneInfo(servers.ZONE)
MAPPING = """
zone = "Europe/Berlin"
[sql]
watermark = "changed"
query = "SELECT id, item, qty, price, placed, changed, gone FROM orders"
[[facts]]
fact = "order_line"
key = "id"
modified = "changed"
deleted = { column = "gone", values = ["1"] }
[facts.fields]
order = "id"
product = "item"
ordered = "qty"
amount = "price"
placed = "placed"
"""
TABLE = """DROP TABLE IF EXISTS orders; CREATE TABLE orders (
    id integer PRIMARY KEY, item varchar(40), qty numeric(20, 6), price numeric(20, 6), placed {stamp}, changed {stamp},
    gone integer NOT NULL DEFAULT 0)"""


class Shop:
    """A table in one of the databases, and what it holds as plain Python; ``begin`` makes it empty."""

    def __init__(self, house: House, connection: SqlConnection, run: Callable[[str], object], stamp: str) -> None:
        self.house, self.connection, self.run = house, connection, run
        self.zoned = "zone" in stamp
        run(TABLE.format(stamp=stamp))
        self.rows: dict[int, tuple[str, float, float, datetime]] = {}
        self.waiting: list[str] = []
        self.changed: dict[int, datetime] = {}
        house.clear("order_line")
        house.clock.move(60)
        with house.engine.begin() as connected:
            connected.execute(pulls.pulls.delete())
        self.asking = ThreadPoolExecutor(1)
        mapping = mappings.parse(MAPPING, "shop")
        self.puller = Puller(
            house.engine, house.store, house.loader, house.clock, connection, mapping, "UTC", self.asking
        )
        self.database: Database = database(house.store, connection)

    def write(self, number: int, qty: float, placed: datetime, changed: datetime | None, gone: int = 0) -> None:
        """Both are moments; the column has them by the wall clock of Berlin when it has no zone."""
        self.waiting.append(f"DELETE FROM orders WHERE id = {number}")
        times = ", ".join("NULL" if at is None else f"'{self._text(at)}'" for at in (placed, changed))
        self.waiting.append(f"INSERT INTO orders VALUES ({number}, 'bolt', {qty}, {qty * 1.25}, {times}, {gone})")
        self.rows[number] = ("bolt", qty, qty * 1.25, placed)
        if changed is not None:
            self.changed[number] = changed
        if gone:
            del self.rows[number]

    def delete(self, number: int) -> None:
        self.waiting.append(f"DELETE FROM orders WHERE id = {number}")
        self.rows.pop(number, None)

    def pull(self, **more: Any) -> Outcome:
        if self.waiting:
            self.run("BEGIN; " + "; ".join(self.waiting) + "; COMMIT")
            self.waiting = []
        outcome: Outcome = self.house.run(lambda: self.puller.pull(self.database, **more))
        return outcome

    def facts(self) -> dict[int, tuple[str, float, float, datetime]]:
        columns = "key, product, ordered, toFloat64(amount) AS amount, placed"
        rows = self.house.rows(now("order_line"), columns)
        return {int(r["key"]): (r["product"], r["ordered"], r["amount"], r["placed"].astimezone(UTC)) for r in rows}

    def _text(self, at: datetime) -> str:
        return at.isoformat(" ") if self.zoned else at.astimezone(BERLIN).replace(tzinfo=None).isoformat(" ")


@pytest.fixture(params=["postgresql", "postgresql zoned", "mysql", "sqlite"])
def shop(request: pytest.FixtureRequest, house: House, tmp_path: Path) -> Shop:
    kind = request.param.split()[0]
    if kind == "sqlite":
        path = tmp_path / "shop.db"

        def run(statement: str) -> None:
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(statement)

        return Shop(house, SqlConnection(name="shop", kind="sqlite", database=str(path)), run, "text")
    server = request.getfixturevalue("postgresql" if kind == "postgresql" else "mariadb")
    stamps = {"postgresql": "timestamp", "postgresql zoned": "timestamp with time zone", "mysql": "datetime(6)"}
    return Shop(house, connection_to(server), server.run, stamps[request.param])


def connection_to(server: servers.Database, **more: Any) -> SqlConnection:
    given: dict[str, Any] = {"name": "shop", "kind": server.kind, "port": server.port, "database": "erp"}
    return SqlConnection(**given | {"user": "lopan", "password": servers.PASSWORD} | more)


def test_facts_are_what_the_database_holds_after_every_pull(shop: Shop) -> None:
    draw = random.Random(7)
    for number in range(300):
        at = shop.house.clock.now() - timedelta(days=draw.randrange(2, 300), seconds=draw.randrange(86_400))
        shop.write(number, draw.randrange(1, 900) / 4, at, at + timedelta(hours=1))
    assert shop.pull().taken == 300
    assert shop.facts() == shop.rows
    for _ in range(6):
        shop.house.clock.move(draw.randrange(600, 7_200))
        at = shop.house.clock.now()
        for number in draw.sample(range(330), 9):
            changed = max(at - timedelta(hours=draw.randrange(20)), shop.changed.get(number, at - timedelta(days=300)))
            shop.write(number, draw.randrange(1, 900) / 4, at - timedelta(days=1), changed + timedelta(seconds=1))
        done = shop.pull()
        assert shop.facts() == shop.rows
        assert done.taken <= 9


def test_what_has_not_changed_is_not_loaded_again(shop: Shop) -> None:
    at = shop.house.clock.now()
    for number in range(5):
        shop.write(number, 1, at, at)
    shop.write(5, 1, at, None)
    assert shop.pull().taken == 6
    before = batches.listing(shop.house.engine, 1)[0]
    shop.house.clock.move(60)
    again = shop.pull()
    assert (again.read, again.taken) == (6, 0)
    assert batches.listing(shop.house.engine, 1)[0].id == before.id


def test_a_row_that_is_marked_as_gone_goes_at_once(shop: Shop) -> None:
    at = shop.house.clock.now()
    shop.write(1, 1, at, at - timedelta(minutes=5))
    shop.write(2, 1, at, at - timedelta(minutes=5))
    shop.pull()
    shop.write(1, 1, at, at, gone=1)
    shop.pull()
    assert set(shop.facts()) == {2}
    assert shop.pull().taken == 0


def test_deleted_rows_go_within_a_day_and_not_all_of_them_by_accident(shop: Shop) -> None:
    at = shop.house.clock.now()
    many = ", ".join(f"({n}, 'bolt', 1, 1.25, '{shop._text(at)}', '{shop._text(at)}', 0)" for n in range(400))
    shop.run(f"INSERT INTO orders VALUES {many}")
    shop.rows = dict.fromkeys(range(400), ("bolt", 1.0, 1.25, at))
    shop.pull()
    for number in (3, 5, 399):
        shop.delete(number)
    shop.house.clock.move(3_600)
    assert shop.pull().gone == 0
    shop.house.clock.move(86_400)
    assert shop.pull().gone == 3
    assert shop.facts() == shop.rows
    shop.run("DELETE FROM orders WHERE id > 10")
    shop.house.clock.move(86_400)
    with pytest.raises(GiveUp, match="388 of 397 rows of order_line are gone"):
        shop.pull()
    assert shop.facts() == shop.rows
    assert shop.pull(accept_deletes=True).gone == 388
    assert len(shop.facts()) == 9


def test_changes_in_the_hour_that_comes_twice_are_taken_in_order(shop: Shop) -> None:
    first = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    shop.write(1, 1, first, first)
    shop.pull()
    # 20 minutes later the clock on the wall shows 02:10, which is before 02:50.
    shop.write(1, 2, first, first + timedelta(minutes=20))
    shop.pull()
    assert shop.facts()[1][1] == 2
    assert shop.pull().taken == 0


def test_a_row_dated_ahead_hides_no_later_change(shop: Shop) -> None:
    at = shop.house.clock.now()
    shop.write(1, 1, at, at + timedelta(days=400))
    shop.pull()
    shop.write(1, 2, at, at + timedelta(hours=1))
    shop.write(2, 1, at, at + timedelta(hours=1))
    shop.house.clock.move(7_200)
    shop.pull()
    assert {number: row[1] for number, row in shop.facts().items()} == {1: 2, 2: 1}


def test_a_refused_row_is_told_once_and_comes_when_it_is_put_right(shop: Shop) -> None:
    at = shop.house.clock.now() - timedelta(hours=2)
    shop.write(1, -1, at, at)
    shop.write(2, 1, at, at)
    assert (shop.pull().refused, shop.pull().refused) == (1, 1)
    newest = batches.listing(shop.house.engine, 2)
    assert (newest[0].refused, newest[0].taken) == (1, 1)
    shop.write(1, 3, at, at + timedelta(hours=1))
    shop.pull()
    assert shop.facts() == shop.rows


def test_what_fails_is_noted_and_the_next_pull_begins_at_the_same_place(shop: Shop) -> None:
    at = shop.house.clock.now()
    shop.write(1, 1, at, at)
    shop.pull()
    mark = pulls.get(shop.house.engine, "shop", "shop").watermark
    shop.run("ALTER TABLE orders RENAME TO away")
    shop.database = database(shop.house.store, shop.connection)
    for _ in range(2):
        shop.house.clock.move(60)
        with pytest.raises((TryAgain, GiveUp)):
            shop.pull()
    state = pulls.get(shop.house.engine, "shop", "shop")
    assert (state.watermark, state.failures) == (mark, 2)
    assert state.failing_since == shop.house.clock.now() - timedelta(seconds=60)
    assert "orders" in state.error
    shop.run("ALTER TABLE away RENAME TO orders")
    shop.database = database(shop.house.store, shop.connection)
    shop.write(2, 1, at, at)
    shop.pull()
    assert shop.facts() == shop.rows
    assert pulls.get(shop.house.engine, "shop", "shop").failing_since is None
