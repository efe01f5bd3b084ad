"""The embedded engine behind its interface: parameters, tokens, errors that say what to do, no main thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lopan.errors import GiveUp, Locked, TryAgain
from lopan.store import Chdb, hold
from lopan.store.base import Param


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Chdb]:
    opened = Chdb(tmp_path / "store", 1_000_000_000)
    yield opened
    opened.close()


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param("String", 'it\'s \\ "quoted"\n{x:String}\t', id="text that looks like SQL"),
        pytest.param("UInt64", 18_446_744_073_709_551_615, id="largest"),
        pytest.param("Float64", -1.5e-300, id="tiny"),
        pytest.param("DateTime64(3, 'UTC')", datetime(2026, 2, 3, 4, 5, 6, 789_000, UTC), id="time"),
        pytest.param("Array(String)", ["a'b", "c,d", ""], id="list"),
    ],
)
def test_parameters_come_back_as_they_went_in(store: Chdb, thread: ThreadPoolExecutor, kind: str, value: Param) -> None:
    table = thread.submit(store.query, f"SELECT {{value:{kind}}} AS value", {"value": value}).result()
    assert table.column("value").to_pylist() == [value]


def test_a_token_makes_a_block_count_once(store: Chdb, thread: ThreadPoolExecutor) -> None:
    ddl = "CREATE TABLE t (n Int64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100"
    thread.submit(store.execute, ddl).result()
    block = pa.table({"n": [1, 2, 3]})
    for token in ("a", "a", "b", "a"):
        thread.submit(store.insert, "t", block, token).result()
    assert thread.submit(store.query, "SELECT count() AS n FROM t").result().to_pylist() == [{"n": 6}]


def test_errors_say_whose_turn_it_is(store: Chdb, thread: ThreadPoolExecutor) -> None:
    with pytest.raises(GiveUp, match="refused a statement"):
        thread.submit(store.query, "SELECT nonsense FROM nowhere").result()
    heavy = "SELECT uniqExact(number) FROM numbers(100000000) SETTINGS max_memory_usage = 10000000"
    with pytest.raises(TryAgain, match="can't do this now"):
        thread.submit(store.query, heavy).result()
    assert thread.submit(store.query, "SELECT 1 AS n").result().to_pylist() == [{"n": 1}]


def test_the_main_thread_is_refused(store: Chdb) -> None:
    with pytest.raises(GiveUp, match="main thread"):
        store.query("SELECT 1")


def test_a_closed_store_asks_to_try_again(store: Chdb, thread: ThreadPoolExecutor) -> None:
    thread.submit(store.query, "SELECT 1").result()
    store.close()
    with pytest.raises(TryAgain, match="closing"):
        thread.submit(store.query, "SELECT 1").result()


def test_closing_waits_for_the_query_that_runs(store: Chdb) -> None:
    with ThreadPoolExecutor(3) as pool:
        slow = "SELECT sum(sleepEachRow(0.05)) AS n FROM numbers(20) SETTINGS max_block_size = 1"
        running = [pool.submit(store.query, slow) for _ in range(3)]
        time.sleep(0.2)
        store.close()
        assert [one.result().num_rows for one in running] == [1, 1, 1]
        with pytest.raises(TryAgain, match="closing"):
            pool.submit(store.query, "SELECT 1").result()


def test_a_directory_has_one_holder(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(Locked, match="in use by process"), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass
