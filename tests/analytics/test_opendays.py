"""Open days: computed once for all who ask, again after new events, kept while they are read, in slices too."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics import daystore, opendays
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, SESSIONS
from lopan.analytics.days import Days, Rows
from lopan.analytics.sessions import SessionReport, Sessions
from lopan.errors import TryAgain
from lopan.event import Action
from lopan.store import Readers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
WEEK = Dates(TODAY - DAY * 6, TODAY)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline(tmp_path_factory.mktemp("open")) as opened:
        yield opened


@asynccontextmanager
async def opened(
    target: Pipeline,
    clock: ManualClock,
    reuse: float = 0.0,
    zone: str = "UTC",
    ready: Callable[[], None] = lambda: None,
) -> AsyncIterator[Days]:
    target.run(target.store.execute, "TRUNCATE TABLE events")
    days = Days(target.store, zone, clock, reuse=reuse, ready=ready)
    try:
        yield days
    finally:
        days.close()


async def sessions(target: Pipeline, days: Days, dates: Dates) -> SessionReport:
    readers = Readers(target.store, 1)
    try:
        return await Sessions(days, readers).report(dates, by="role")
    finally:
        readers.close()


def put(target: Pipeline, days: Days, *users: str, ago: timedelta = timedelta()) -> None:
    target.put([Action(time=NOON - ago, user=user, feature="orders") for user in users])
    days.touched(target.commits[-1].days)


def dau(target: Pipeline, rows: Rows) -> int:
    sql = f"SELECT groupBitmapMerge(users) AS n FROM ({rows.sql}) WHERE day = '{TODAY}' AND axis = ''"
    return int(target.run(target.store.query, sql, rows.params).column("n")[0].as_py())


class Watched:
    """Counts what the store computes, holds it back while it is told to, and refuses it while it is busy."""

    def __init__(self, days: Days, patch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.busy = False
        self.go = threading.Event()
        self.go.set()
        self._compute = days._store.open
        patch.setattr(days._store, "open", self._open)

    def _open(self, *asked: Any) -> None:
        self.calls += 1
        assert self.go.wait(10)
        if self.busy:
            raise TryAgain("the store is full")
        self._compute(*asked)


def test_who_asks_at_once_shares_a_computation_and_new_events_begin_another(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with opened(target, clock) as days:
            watched = Watched(days, monkeypatch)
            put(target, days, "a", "b")
            found = await asyncio.gather(*(days.rows(PEOPLE, WEEK) for _ in range(5)))
            assert {dau(target, rows) for rows in found} == {2}
            assert dau(target, await days.rows(PEOPLE, Dates(TODAY, TODAY))) == 2
            assert watched.calls == 1
            put(target, days, "c")
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 3
            assert watched.calls == 2

    asyncio.run(scenario())


def test_who_was_given_what_events_had_overtaken_hears_when_newer_rows_are_there(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opendays, "PATIENCE_S", 0.01)

    async def scenario() -> None:
        told = asyncio.Event()
        async with opened(target, clock, reuse=1e-9, ready=told.set) as days:
            watched = Watched(days, monkeypatch)
            put(target, days, "a")
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 1
            put(target, days, "b")
            watched.go.clear()
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 1
            assert not told.is_set()
            watched.go.set()
            await asyncio.wait_for(told.wait(), 10)
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 2
            told.clear()
            put(target, days, "c")
            while dau(target, await days.rows(PEOPLE, WEEK)) < 3:
                await told.wait()

    asyncio.run(scenario())


def test_who_asks_while_they_are_computed_again_gets_them_as_they_were_and_late(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opendays, "PATIENCE_S", 0.01)
    monkeypatch.setattr(opendays, "LATE_S", 0.0)

    async def scenario() -> None:
        async with opened(target, clock, reuse=1e-9) as days:
            watched = Watched(days, monkeypatch)
            put(target, days, "a")
            assert (await days.rows(PEOPLE, WEEK)).late == []
            put(target, days, "b")
            watched.go.clear()
            rows = await days.rows(PEOPLE, WEEK)
            assert dau(target, rows) == 1
            assert rows.late == [TODAY]
            watched.go.set()
            while (rows := await days.rows(PEOPLE, WEEK)).late:
                await asyncio.sleep(0.01)
            assert dau(target, rows) == 2

    asyncio.run(scenario())


def test_who_asks_first_does_not_wait_while_others_rest(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opendays, "PATIENCE_S", 0.0)
    monkeypatch.setattr(opendays, "_DUTY", 1e9)

    async def scenario() -> None:
        async with opened(target, clock, reuse=1e-9) as days:
            put(target, days, "a")
            await days.rows(PEOPLE, WEEK)
            put(target, days, "b")
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 1
            assert (await asyncio.wait_for(sessions(target, days, WEEK), 30)).whole.number == 2

    asyncio.run(scenario())


def test_a_store_that_is_full_leaves_them_as_they_were(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with opened(target, clock, reuse=1e-9) as days:
            watched = Watched(days, monkeypatch)
            watched.busy = True
            put(target, days, "a")
            with pytest.raises(TryAgain, match="full"):
                await days.rows(PEOPLE, WEEK)
            watched.busy = False
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 1
            watched.busy = True
            put(target, days, "b")
            assert dau(target, await days.rows(PEOPLE, WEEK)) == 1
        assert "open days of people_days can't be computed" in caplog.text

    asyncio.run(scenario())


def test_rows_stay_as_long_as_somebody_holds_their_numbers(target: Pipeline, clock: ManualClock) -> None:
    def kept() -> set[int]:
        return {row["version"] for row in target.rows("SELECT DISTINCT version FROM open_people_days")}

    async def scenario() -> None:
        async with opened(target, clock) as days:
            put(target, days, "a")
            first = await days.rows(PEOPLE, WEEK)
            numbers = set(first.versions)
            for user in "bc":
                put(target, days, user)
                await days.rows(PEOPLE, WEEK)
            assert numbers <= kept()
            assert dau(target, first) == 1
            del first
            gc.collect()
            put(target, days, "d")
            await days.rows(PEOPLE, WEEK)
            assert not numbers & kept()

    asyncio.run(scenario())


def test_a_day_that_closes_within_a_local_day_is_read_anew(target: Pipeline, clock: ManualClock) -> None:
    """48 hours after the end of a day lie 00:00 and 01:00 when the clocks go forward between them."""
    half_past_midnight = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    dates = Dates(date(2026, 3, 24), date(2026, 3, 30))

    async def scenario() -> None:
        async with opened(target, clock, zone="Europe/Berlin") as days:
            clock.move((half_past_midnight - clock.now()).total_seconds())
            for back in range(3):
                put(target, days, "a", ago=NOON - half_past_midnight + DAY * back)
            before = await sessions(target, days, dates)
            assert [day.figures.number for day in before.days] == [0, 0, 0, 1, 1, 0, 1]
            clock.move(3_600)
            after = await sessions(target, days, dates)
            assert [day.figures for day in after.days] == [day.figures for day in before.days]

    asyncio.run(scenario())


def test_slices_change_nothing(target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with opened(target, clock) as days:
            for minutes in (0, 10, 50, 60, 2_000, 7_000):
                put(target, days, "a", "b", "c", ago=timedelta(minutes=minutes))
            whole = await sessions(target, days, WEEK)
            assert whole.whole.number == 12
            monkeypatch.setattr(daystore, "SLICE", 4)
            days.touched({(1, day) for day in WEEK})
            assert await sessions(target, days, WEEK) == whole
            await days.settle()
            assert await sessions(target, days, WEEK) == whole
            assert not days.closed(SESSIONS, TODAY)

    asyncio.run(scenario())
