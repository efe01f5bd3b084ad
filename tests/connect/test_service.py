"""Connections of a running server: one that is down holds up nobody and is shown as stale with the reason."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.house import House

from lopan.config import Config, Connect, SqlConnection
from lopan.connect.service import Connected, Connections
from lopan.control import pulls
from lopan.errors import ConfigError
from lopan.store.facts import now

MAPPING = """[sql]
watermark = "changed"
query = "SELECT id, day, amount, changed FROM costs"
[[facts]]
fact = "cost"
key = "id"
modified = "changed"
[facts.fields]
day = "day"
amount = "amount"
type = { constant = "material" }
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    (tmp_path / "lopan.d" / "mappings").mkdir(parents=True)
    (tmp_path / "lopan.d" / "mappings" / "costs.toml").write_text(MAPPING)
    yield made
    made.close()


def connections(house: House, *paths: str) -> Connections:
    found = [
        SqlConnection(name=Path(path).stem, kind="sqlite", database=path, mappings=["costs"], every=0.01)
        for path in paths
    ]
    config = Config(data=str(house.root), connect=Connect(sql=found))
    return Connections(config, house.engine, house.store, house.loader, house.clock)


def costs(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE costs (id integer, day text, amount numeric, changed text);"
            "INSERT INTO costs VALUES (1, '2026-11-01', 12.5, '2026-11-01 10:00:00')"
        )
    return str(path)


async def running(made: Connections, asked: Callable[[list[Connected]], bool]) -> list[Connected]:
    """Its states once they are as asked, within seconds; it is stopped then."""
    task = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(20):
            while not asked(found := await made.states()):
                await asyncio.sleep(0.02)
        return found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_that_is_down_holds_up_nobody(house: House, tmp_path: Path) -> None:
    made = connections(house, str(tmp_path / "gone.db"), costs(tmp_path / "here.db"))
    before = await made.states()
    assert [(one.connection, one.stale_since, one.succeeded_at) for one in before] == [
        ("gone", None, None),
        ("here", None, None),
    ]
    gone, here = await running(made, lambda found: bool(found[0].error) and found[1].taken == 1)
    assert gone.stale_since == house.clock.now()
    assert "gone.db: unable to open database file" in gone.error
    assert (here.stale_since, here.error, here.refused) == (None, "", 0)
    assert [row["amount"] for row in house.rows(now("cost"))] == [12.5]
    house.clock.move(3_600)
    gone, here = await made.states()
    assert gone.stale_since is not None
    assert here.stale_since == here.succeeded_at


async def test_a_pull_that_is_stopped_is_no_failure(house: House, tmp_path: Path) -> None:
    made = connections(house, costs(tmp_path / "here.db"))
    await running(made, lambda found: True)
    assert pulls.get(house.engine, "here", "costs").failures == 0


def test_retries_come_soon_and_then_ever_later(house: House, tmp_path: Path) -> None:
    made = connections(house, str(tmp_path / "gone.db")).databases[0]
    waits = []
    for _ in range(8):
        house.run(made.round)
        waits.append(made.due().total_seconds())
        house.clock.move(1_000)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_two_of_one_name_are_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two connections are named 'a'"):
        connections(house, str(tmp_path / "a.db"), str(tmp_path / "other" / "a.db"))
