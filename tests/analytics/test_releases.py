from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import ManualClock
from tests.support import RECEIVED, Pipeline, pipeline

from lopan.analytics import releases
from lopan.analytics.releases import Release, Releases
from lopan.errors import TryAgain
from lopan.event import Memory
from lopan.store import Readers


def known(target: Pipeline) -> list[Release]:
    async def ask() -> list[Release]:
        readers = Readers(target.store, 1)
        # Patience is for pages: here the answer is what counts.
        found = Releases(readers, ManualClock())
        await found.known()
        while found._running is not None:
            await asyncio.wait([found._running])
        readers.close()
        return found._known

    return asyncio.run(ask())


def half_hour(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)


def test_releases_appear_with_their_first_event_when_they_reach_their_share(tmp_path: Path) -> None:
    draw = random.Random(3)
    shares = {"2.0.0": 70, "2.1.0": 25, "2.2.0-beta": 1, "": 4}
    events = [
        Memory(
            time=RECEIVED - timedelta(seconds=draw.randrange(6 * 86_400)),
            release=draw.choices(list(shares), list(shares.values()))[0],
            footprint_mb=100,
        )
        for _ in range(2_000)
    ]
    days = Counter(event.time.date() for event in events)
    by_day = Counter((event.release, event.time.date()) for event in events)
    largest = {name: max(by_day[name, day] / days[day] for day in days) for name in shares}
    first = {name: half_hour(min(event.time for event in events if event.release == name)) for name in shares}
    named = sorted((name for name in shares if name and largest[name] >= releases.SHARE), key=lambda name: first[name])
    with pipeline(tmp_path) as target:
        target.put(events, project=1)
        target.put([Memory(time=RECEIVED, release="9.0", footprint_mb=1)], project=2)
        found = known(target)

    assert named == ["2.0.0", "2.1.0"] or named == ["2.1.0", "2.0.0"]
    assert [(one.project, one.release, one.first) for one in found] == [
        *((1, name, first[name]) for name in named),
        (2, "9.0", RECEIVED),
    ]
    assert [one.share for one in found] == pytest.approx([*(largest[name] for name in named), 1.0])
    assert all(one.first.tzinfo == UTC for one in found)


def test_nothing_is_known_of_an_empty_store(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        assert known(target) == []


class Slow:
    """Readers whose answer is decided by the test."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def rows(self, sql: str, params: object) -> object:
        self.asked += 1
        return await self.answer


@pytest.mark.anyio
async def test_pages_wait_for_nothing_but_the_very_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "PATIENCE", 0.01)
    slow, clock = Slow(), ManualClock()
    found = Releases(slow, clock)  # type: ignore[arg-type]

    assert await found.known() == []
    assert await found.known() == []
    assert slow.asked == 1
    slow.answer.set_exception(TryAgain("busy"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await found.known() == []
    assert slow.asked == 2, "a failed look-up is tried again"
