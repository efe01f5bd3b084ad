"""Reading for many: a few connections, first come first served, one run for equal questions, answers kept briefly.

What took long the last time it was asked may have half of the connections only, so that the others stay free for what
is quick; a statement that the store has no memory for is asked again once, alone among such.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from lopan.errors import TryAgain
from lopan.store.base import Params, Store

KEEP_SECONDS = 2.0
KEEP_RESULTS = 512
REUSE_COST = 1.5
"""A result that new data has overtaken is still given out for this many times what it cost to compute."""

HEAVY_S = 1.0
"""A statement whose last run took this long is heavy."""

_STATEMENTS = 512


@dataclass(slots=True)
class _Result:
    table: pa.Table
    at: float
    cost: float
    generation: int
    lasting: bool = False


Key = tuple[str, tuple[tuple[str, str], ...]]


class Readers:
    """Belongs to one event loop. ``moved`` tells it that the store has new rows; ``keep_s`` 0 computes every answer.

    A ``lasting`` answer follows from the statement and its parameters alone, whatever else is in the store: of rows
    under version numbers that are never used again, or of tables whose stamp is a parameter. It is good until others
    push it out.
    """

    def __init__(self, store: Store, connections: int, keep_s: float = KEEP_SECONDS) -> None:
        self._store = store
        self._keep_s = keep_s
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="reader")
        self._turn = asyncio.Semaphore(connections)
        self._heavy = asyncio.Semaphore(max(1, connections // 2))
        self._alone = asyncio.Lock()
        self._costs: OrderedDict[str, float] = OrderedDict()
        self._running: dict[Key, asyncio.Task[pa.Table]] = {}
        self._results: OrderedDict[Key, _Result] = OrderedDict()
        self._generation = 0

    def moved(self) -> None:
        """New rows are in the store: results older than their cost allows are asked for again."""
        self._generation += 1

    async def rows(self, sql: str, params: Params | None = None, *, lasting: bool = False) -> pa.Table:
        """Rows of a SELECT; equal questions at the same time share one run. Raises what ``Store.query`` raises."""
        key = (sql, tuple(sorted((name, repr(value)) for name, value in (params or {}).items())))
        known = self._results.get(key)
        if known is not None and self._is_good(known):
            self._results.move_to_end(key)
            return known.table
        running = self._running.get(key)
        if running is None:
            running = asyncio.create_task(self._run(key, sql, params, lasting))
            self._running[key] = running
            running.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(running)

    def close(self) -> None:
        """Take no more questions; those running end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_good(self, result: _Result) -> bool:
        if result.lasting and self._keep_s:
            return True
        age = time.monotonic() - result.at
        if result.generation == self._generation:
            return age < self._keep_s
        return age < min(REUSE_COST * result.cost, self._keep_s / 2)

    async def _run(self, key: Key, sql: str, params: Params | None, lasting: bool) -> pa.Table:
        try:
            result = await self._wait(sql, params)
        except TryAgain:
            async with self._alone:
                result = await self._wait(sql, params)
        result.lasting = lasting
        self._results[key] = result
        self._results.move_to_end(key)
        while len(self._results) > KEEP_RESULTS:
            self._results.popitem(last=False)
        return result.table

    async def _wait(self, sql: str, params: Params | None) -> _Result:
        if self._costs.get(sql, 0.0) < HEAVY_S:
            return await self._take(sql, params)
        async with self._heavy:
            return await self._take(sql, params)

    async def _take(self, sql: str, params: Params | None) -> _Result:
        async with self._turn:
            generation, started = self._generation, time.monotonic()
            try:
                table = await asyncio.get_running_loop().run_in_executor(self._threads, self._store.query, sql, params)
            finally:
                now = time.monotonic()
                self._costs[sql] = now - started
                self._costs.move_to_end(sql)
                while len(self._costs) > _STATEMENTS:
                    self._costs.popitem(last=False)
        return _Result(table, now, now - started, generation)
