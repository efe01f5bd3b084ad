"""Equal questions share one run, answers are reused only while they may be, turns are taken in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator

import pyarrow as pa
import pytest

from lopan.errors import TryAgain
from lopan.store import Params, Readers

pytestmark = pytest.mark.anyio


class Counting:
    """A store that counts what it is asked, and answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def query(self, sql: str, params: Params | None = None) -> pa.Table:
        self.asked.append(sql)
        assert self.go.wait(10)
        return pa.table({"n": [len(self.asked)]})

    def stream(self, sql: str, params: Params | None = None) -> Generator[pa.RecordBatch, None, None]:
        raise AssertionError

    def execute(self, sql: str, params: Params | None = None) -> None:
        raise AssertionError

    def insert(self, table: str, block: pa.Table, token: str) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError


async def test_equal_questions_at_the_same_time_share_one_run() -> None:
    store = Counting()
    readers = Readers(store, 2)
    store.go.clear()
    asking = [asyncio.create_task(readers.rows("q", {"a": 1})) for _ in range(5)]
    other = asyncio.create_task(readers.rows("q", {"a": 2}))
    await asyncio.sleep(0)
    store.go.set()
    answers = await asyncio.gather(*asking, other)
    assert len(store.asked) == 2
    assert all(answer is answers[0] for answer in answers[:5])
    readers.close()


async def test_an_answer_is_reused_until_rows_have_moved_past_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("lopan.store.readers.time.monotonic", lambda: now[0])
    store = Counting()
    readers = Readers(store, 1)
    await readers.rows("q")
    now[0] += 1.9
    await readers.rows("q")
    assert len(store.asked) == 1
    readers.moved()
    await readers.rows("q")
    assert len(store.asked) == 2
    now[0] += 2.1
    await readers.rows("q")
    assert len(store.asked) == 3
    readers.close()


async def test_a_failed_question_is_asked_again() -> None:
    class Failing(Counting):
        def query(self, sql: str, params: Params | None = None) -> pa.Table:
            table = super().query(sql, params)
            if len(self.asked) == 1:
                raise ValueError("first")
            return table

    readers = Readers(Failing(), 1)
    with pytest.raises(ValueError, match="first"):
        await readers.rows("q")
    assert (await readers.rows("q")).num_rows == 1
    readers.close()


async def test_what_took_long_leaves_connections_to_what_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lopan.store.readers.HEAVY_S", 1e-9)
    store = Counting()
    readers = Readers(store, 2, keep_s=0.0)
    await readers.rows("slow")
    store.go.clear()
    slow = [asyncio.create_task(readers.rows("slow", {"a": number})) for number in range(3)]
    while len(store.asked) < 2:
        await asyncio.sleep(0.001)
    quick = asyncio.create_task(readers.rows("quick"))
    while "quick" not in store.asked:
        await asyncio.sleep(0.001)
    assert store.asked == ["slow", "slow", "quick"]
    store.go.set()
    await asyncio.gather(*slow, quick)
    assert store.asked.count("slow") == 4
    readers.close()


@pytest.mark.parametrize("refusals", [1, 2])
async def test_what_the_store_has_no_room_for_is_asked_once_more(refusals: int) -> None:
    class Full(Counting):
        def query(self, sql: str, params: Params | None = None) -> pa.Table:
            table = super().query(sql, params)
            if len(self.asked) <= refusals:
                raise TryAgain("no memory")
            return table

    store = Full()
    readers = Readers(store, 2)
    if refusals == 1:
        assert (await readers.rows("q")).num_rows == 1
    else:
        with pytest.raises(TryAgain, match="no memory"):
            await readers.rows("q")
    assert len(store.asked) == 2
    readers.close()


async def test_a_lasting_answer_is_given_out_until_it_is_asked_otherwise() -> None:
    store = Counting()
    readers = Readers(store, 1)
    for _ in range(2):
        await readers.rows("SELECT 1", {"stamp": "a"}, lasting=True)
        readers.moved()
        await asyncio.sleep(0)
    await readers.rows("SELECT 1", {"stamp": "b"}, lasting=True)
    readers.close()
    assert len(store.asked) == 2
