"""Days that are not over yet: computed from raw events once for all who ask, again when new events overtake them."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial

import msgspec

from lopan.analytics.calendar import Dates
from lopan.analytics.daily import Daily
from lopan.analytics.daystore import DayStore
from lopan.clock import Clock

REUSE_COST = 1.5
"""Open days that new events have overtaken are still given out for this many times what it cost to compute them."""

PATIENCE_S = 0.3
"""Whoever asks waits so long for days that are computed again, then gets them as they were: a flood keeps nobody.

Days that took longer the last time are not waited for at all.
"""

LATE_S = 1.0
"""Open days that events have overtaken for longer than this are named as late."""

_KEPT_S = 900.0
_REUSE_S = 0.5
_DUTY = 2.0
_EVERY_S = 0.5
_RETRY_S = 5.0
_EARLY = 0.5

log = logging.getLogger(__name__)
Key = tuple[str, int]


class Open(msgspec.Struct, frozen=True, weakref=True):
    """The days ``dates`` as version ``first`` and the numbers after it, at the state ``moves`` and the time ``now``.

    ``began`` and ``cost`` in s of the event loop. The rows stay in the store while this object is held.
    """

    first: int
    dates: Dates
    moves: int
    now: datetime
    began: float
    cost: float

    def version(self, day: date) -> int:
        """The number of one of the days."""
        return self.first + (day - self.dates.first).days


class _Run:
    """One computation; ``moves`` is None until it reads."""

    def __init__(self, dates: Dates) -> None:
        self.dates = dates
        self.moves: int | None = None
        self.task: asyncio.Task[Open]


class _Lane:
    """One computation at a time, on a thread of its own; ``rested`` is when it may go on, by the event loop."""

    def __init__(self, name: str) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.turn = asyncio.Lock()
        self.rested = 0.0


class OpenDays:
    """Belongs to one event loop; the store is asked on two threads: what takes little never waits for what takes long.

    ``reserve`` gives the first of so many new version numbers. With ``reuse`` 0 nothing overtaken is given out; where
    it was, ``ready`` is called once newer rows are there, so that whoever shows it asks again though no event comes.
    """

    def __init__(
        self, store: DayStore, clock: Clock, reserve: Callable[[int], int], reuse: float, ready: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._reserve = reserve
        self._reuse = reuse
        self._ready = ready
        self._owed: set[Key] = set()
        self._quick, self._slow = _Lane("open days"), _Lane("open days that take long")
        self._moves = 0
        self._known: dict[Key, Open] = {}
        self._runs: dict[Key, _Run] = {}
        self._gone: deque[tuple[str, range]] = deque()
        self._asked: dict[Key, tuple[Daily, float]] = {}

    def moved(self) -> None:
        """New events are in the store, or users turned out to be one person."""
        self._moves += 1

    async def get(self, daily: Daily, project: int, dates: Dates) -> tuple[Open, bool]:
        """The open days of one project (0 = all), and whether they are late. Raises what ``Store.execute`` raises."""
        key, now = (daily.table, project), asyncio.get_running_loop().time()
        self._asked[key] = daily, now
        known = self._known.get(key)
        if known is not None and known.dates != dates:
            known = None
        if known is not None and self._good(daily, known):
            self._owe(key, known)
            return known, False
        task = self._begin(key, daily, dates).task
        if known is None or not self._reuse:
            return await asyncio.shield(task), False
        if known.cost < PATIENCE_S:
            await asyncio.wait({task}, timeout=PATIENCE_S)
        if task.done() and not task.cancelled() and task.exception() is None:
            return task.result(), False
        self._owe(key, known)
        behind = known.moves != self._moves or self._aged(daily, known)
        return known, behind and now - known.began > LATE_S

    async def keep(self) -> None:
        """Compute again, with rests, what was asked for lately, so that whoever comes waits for little."""
        while True:
            await asyncio.sleep(_EVERY_S)
            now = asyncio.get_running_loop().time()
            for key, (daily, asked) in list(self._asked.items()):
                known = self._known.get(key)
                if known is None or now - asked > _KEPT_S:
                    del self._asked[key]
                elif self._behind(daily, known) and now - known.began > (1 + _DUTY) * known.cost:
                    self._begin(key, daily, known.dates)

    def close(self) -> None:
        """Take no more work; what runs ends by itself."""
        for lane in (self._quick, self._slow):
            lane.thread.shutdown(wait=False, cancel_futures=True)

    def _good(self, daily: Daily, known: Open) -> bool:
        if self._aged(daily, known):
            return False
        age = asyncio.get_running_loop().time() - known.began
        return known.moves == self._moves or age < min(self._reuse * known.cost, _REUSE_S)

    def _owe(self, key: Key, given: Open) -> None:
        if given.moves != self._moves:
            self._owed.add(key)

    def _aged(self, daily: Daily, known: Open, share: float = 1.0) -> bool:
        """Whether so much of the time is over for which the rows can tell what they come to."""
        return bool(daily.ages) and not timedelta() <= self._clock.now() - known.now < share * daily.ages

    def _behind(self, daily: Daily, known: Open) -> bool:
        """Whether it is time to compute them again, before anybody has to wait for it."""
        return known.moves != self._moves or self._aged(daily, known, _EARLY)

    def _begin(self, key: Key, daily: Daily, dates: Dates) -> _Run:
        """A computation that sees all that has been told by now: one that has not begun to read, or a new one."""
        run = self._runs.get(key)
        if run is None or run.dates != dates or run.moves not in (None, self._moves):
            run = self._runs[key] = _Run(dates)
            run.task = asyncio.create_task(self._compute(key, daily, run), name=f"open days: {daily.table}")
            run.task.add_done_callback(partial(self._ended, key, run))
        return run

    def _ended(self, key: Key, run: _Run, task: asyncio.Task[Open]) -> None:
        if self._runs.get(key) is run:
            del self._runs[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("open days of %s can't be computed, what was known of them stays: %s", key[0], error)

    async def _compute(self, key: Key, daily: Daily, run: _Run) -> Open:
        loop = asyncio.get_running_loop()
        table, project = key
        known = self._known.get(key)
        lane = self._quick if known is not None and known.cost < PATIENCE_S else self._slow
        while True:
            # What is at hand already rests before it takes its turn, so that what nobody has yet never waits for that.
            if key in self._known:
                await asyncio.sleep(lane.rested - loop.time())
            async with lane.turn:
                if key not in self._known or lane.rested <= loop.time():
                    return await self._take(table, project, daily, run, lane)

    async def _take(self, table: str, project: int, daily: Daily, run: _Run, lane: _Lane) -> Open:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(lane.thread, self._sweep, self._unheld())
        run.moves, now, began = self._moves, self._clock.now(), loop.time()
        first = self._reserve(len(run.dates))
        numbers = range(first, first + len(run.dates))
        call = partial(self._store.open, daily, project, run.dates, first, now)
        try:
            await loop.run_in_executor(lane.thread, call)
        except BaseException:
            self._gone.append((table, numbers))
            lane.rested = loop.time() + _RETRY_S
            raise
        cost = loop.time() - began
        if cost > PATIENCE_S:
            self._slow.rested = loop.time() + _DUTY * cost
        opened = Open(first, run.dates, run.moves, now, began, cost)
        weakref.finalize(opened, self._gone.append, (table, numbers)).atexit = False
        known = self._known.get((table, project))
        if known is None or known.moves <= opened.moves:
            self._known[table, project] = opened
            if (table, project) in self._owed:
                self._owed.discard((table, project))
                self._ready()
        return opened

    def _unheld(self) -> dict[str, list[int]]:
        """Numbers by table whose rows nobody holds any more."""
        gone: dict[str, list[int]] = {}
        while self._gone:
            table, numbers = self._gone.popleft()
            gone.setdefault(table, []).extend(numbers)
        return gone

    def _sweep(self, gone: dict[str, list[int]]) -> None:
        for table, versions in gone.items():
            self._store.reopen(table, versions)
