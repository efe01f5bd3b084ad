"""Which days are read from where, after late events, a crash, another zone or another definition."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics import days as days_module
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import DAILY, PEOPLE, SESSIONS
from lopan.analytics.days import Days
from lopan.analytics.engagement import Engagement
from lopan.errors import TryAgain
from lopan.event import Action
from lopan.store import Readers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
WEEK = Dates(TODAY - DAY * 6, TODAY)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Pipeline]:
    with pipeline(tmp_path) as opened:
        yield opened


def use(age: int, user: str, **more: Any) -> Action:
    return Action(time=NOON - DAY * age, user=user, feature="orders", **more)


def put(target: Pipeline, days: Days, *events: Action) -> None:
    target.put(events)
    days.touched(target.commits[-1].days)


async def dau(target: Pipeline, days: Days) -> list[int]:
    readers = Readers(target.store, 1)
    found, _ = await Engagement(days, readers).days(WEEK)
    readers.close()
    return [day.dau for day in found]


async def read_raw(days: Days) -> int:
    """How many stretches of closed days are read from raw events."""
    return (await days.rows(PEOPLE, WEEK)).sql.count("FROM events")


def versions(target: Pipeline, table: str) -> list[dict[str, Any]]:
    return target.rows(f"SELECT day, version, count() AS rows FROM {table} GROUP BY day, version ORDER BY day, version")


def test_closed_days_come_from_their_table_and_today_from_events(target: Pipeline, clock: ManualClock) -> None:
    async def scenario() -> None:
        days = Days(target.store, "UTC", clock)
        put(target, days, use(0, "a"), use(1, "a"), use(1, "b"), use(3, "a"))
        assert await read_raw(days) == 2
        assert await dau(target, days) == [0, 0, 0, 1, 0, 2, 1]
        await days.settle()
        assert await read_raw(days) == 0
        assert await dau(target, days) == [0, 0, 0, 1, 0, 2, 1]
        clock.move(86_400)
        assert await days.settle() > 0
        assert await read_raw(days) == 0
        days.close()

    asyncio.run(scenario())


def test_late_events_make_a_day_dirty_and_groups_that_vanish_are_gone(target: Pipeline, clock: ManualClock) -> None:
    async def scenario() -> None:
        days = Days(target.store, "UTC", clock)
        put(target, days, use(2, "a", role="x"), use(2, "b", role="y"))
        await days.settle()
        put(target, days, use(2, "c", role="y"))
        assert await dau(target, days) == [0, 0, 0, 0, 3, 0, 0]
        assert await days.settle() > 0
        assert await dau(target, days) == [0, 0, 0, 0, 3, 0, 0]
        # A day that comes to nothing: as after events were deleted, or a definition no longer counts them.
        target.run(target.store.execute, "DELETE FROM events WHERE role = 'y'")
        days.touched({(1, TODAY - DAY * 2)})
        await days.settle()
        assert await dau(target, days) == [0, 0, 0, 0, 1, 0, 0]
        days.close()

    asyncio.run(scenario())


def test_of_many_days_with_late_events_what_was_last_computed_is_read_and_they_are_named(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(days_module, "LATE_RAW", 1)
        days = Days(target.store, "UTC", clock)
        put(target, days, *(use(age, "a") for age in range(1, 4)))
        await days.settle()
        put(target, days, use(1, "b"))
        assert (await days.rows(PEOPLE, WEEK)).late == []
        assert (await dau(target, days))[-2] == 2
        put(target, days, use(2, "b"))
        assert (await days.rows(PEOPLE, WEEK)).late == [TODAY - DAY * 2, TODAY - DAY]
        assert (await dau(target, days))[-2] == 1
        days.close()

    asyncio.run(scenario())


def test_nothing_is_lost_when_the_process_ends_at_any_step(target: Pipeline, clock: ManualClock) -> None:
    """A new process finds dirty days by their number of events and never reads what a dead one left half-written."""

    async def scenario() -> None:
        days = Days(target.store, "UTC", clock)
        put(target, days, use(1, "a"), use(2, "a"))
        await days.settle()
        target.put([use(2, "b"), use(4, "b")])  # committed, but the process died before it heard of them
        days.close()
        days = Days(target.store, "UTC", clock)
        assert await dau(target, days) == [0, 0, 1, 0, 2, 1, 0]
        store = days._store
        compute = store._store.execute

        def dies_before_it_counts(sql: str, params: Any = None) -> None:
            if "INSERT INTO day_versions" in sql:
                raise TryAgain("killed")
            compute(sql, params)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store._store, "execute", dies_before_it_counts)
            with pytest.raises(TryAgain, match="killed"):
                await days.settle()
        days.close()
        left = [row["version"] for row in versions(target, "people_days")]
        days = Days(target.store, "UTC", clock)
        assert await dau(target, days) == [0, 0, 1, 0, 2, 1, 0]
        await days.settle()
        assert await dau(target, days) == [0, 0, 1, 0, 2, 1, 0]
        fresh = [row["version"] for row in versions(target, "people_days") if row["version"] not in left]
        assert min(fresh) > max(left)
        days.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("change", ["zone", "definition"])
def test_another_zone_or_definition_computes_everything_again(
    target: Pipeline, clock: ManualClock, change: str
) -> None:
    async def scenario() -> None:
        days = Days(target.store, "UTC", clock)
        put(target, days, use(2, "a"), use(3, "b"))
        await days.settle()
        days.close()
        daily = (
            [msgspec.structs.replace(one, params={"limit": 5}) for one in DAILY] if change == "definition" else DAILY
        )
        days = Days(target.store, "Asia/Tokyo" if change == "zone" else "UTC", clock, daily)
        await days.loaded()
        assert await read_raw(days) == 1
        assert await dau(target, days) == [0, 0, 0, 1, 1, 0, 0]
        assert await days.settle() > 0
        assert await read_raw(days) == 0
        assert await dau(target, days) == [0, 0, 0, 1, 1, 0, 0]
        days.close()

    asyncio.run(scenario())


def test_a_session_may_grow_two_days_after_its_own(target: Pipeline, clock: ManualClock) -> None:
    async def scenario() -> None:
        days = Days(target.store, "UTC", clock)
        session = str(UUID(int=5))
        put(target, days, use(2, "a", session=session), use(1, "a", session=session))
        assert not days.closed(SESSIONS, TODAY - DAY * 2)
        assert days.closed(SESSIONS, TODAY - DAY * 3)
        assert days.closed(PEOPLE, TODAY - DAY)
        await days.settle()
        assert (await days.rows(SESSIONS, WEEK)).versions.held
        assert not (await days.rows(PEOPLE, WEEK)).versions.held
        assert await read_raw(days) == 0
        days.close()

    asyncio.run(scenario())


def test_the_task_computes_what_is_due_and_deletes_what_nobody_reads(
    target: Pipeline, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        for name, value in (("AGAIN_SECONDS", 0.0), ("_IDLE_SECONDS", 0.01), ("_KEPT", 3), ("_GRACE_SECONDS", -1.0)):
            monkeypatch.setattr(days_module, name, value)
        monkeypatch.setattr(days_module, "DUTY", 0.0)
        days = Days(target.store, "UTC", clock)
        task = asyncio.create_task(days.run())
        for user in ("a", "b", "c"):
            put(target, days, use(1, user))
            while await read_raw(days):
                await asyncio.sleep(0.01)
        while len(versions(target, "people_days")) > 1:
            await asyncio.sleep(0.01)
        assert await dau(target, days) == [0, 0, 0, 0, 0, 3, 0]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        days.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_without_any_events_every_day_is_there_and_empty(target: Pipeline, clock: ManualClock) -> None:
    async def scenario() -> None:
        days = Days(target.store, "UTC", clock)
        assert await days.first() is None
        assert await dau(target, days) == [0] * 7
        assert await days.settle() == 0
        days.close()

    asyncio.run(scenario())
