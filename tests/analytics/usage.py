"""What the tests of features, workflows and satisfaction share: one store, and a fleet at a time in it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import Phase, settings
from hypothesis import strategies as st
from tests.support import Pipeline

from lopan.analytics.days import LATE_RAW, Days
from lopan.analytics.people import People
from lopan.analytics.usage import Usage as Everything
from lopan.analytics.usage import daily
from lopan.catalog.product import Product
from lopan.control import merges
from lopan.event import Event
from lopan.store import Readers

T = TypeVar("T")

ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Africa/Cairo", "Asia/Kathmandu", "Australia/Lord_Howe")
MOMENTS = (
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 4, 24, 21, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 11, 22, 12, tzinfo=UTC),
)
"""Clocks of some zone change in the hours or weeks before each."""

ROLES = ("salesperson", "warehouseKeeper", "")
RELEASES = ("1.0", "1.1")
CUSTOMERS = ("north", "south")

TABLES = ("events", "day_versions", "people_days", "session_days", "feature_days", "workflow_days", "answer_days")

EXAMPLES = settings(max_examples=6, phases=(Phase.explicit, Phase.generate))
"""A seed can't be made simpler, so nothing is shrunk."""

fleets = st.tuples(st.sampled_from(ZONES), st.sampled_from(MOMENTS), st.integers(0, 10**9))
"""Zone, now, and the seed of what people did."""


class At(msgspec.Struct):
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0


class Asked(NamedTuple):
    """What a question is asked of."""

    days: Days
    readers: Readers
    clock: At

    def usage(self, product: Product) -> Everything:
        """All of it."""
        return Everything(People(self.days, self.readers), self.readers, product)


class Usage:
    """One store, emptied for every fleet."""

    def __init__(self, target: Pipeline) -> None:
        self._target = target

    def ask(
        self,
        events: Sequence[Event],
        product: Product,
        question: Callable[[Asked], Awaitable[T]],
        zone: str = "UTC",
        now: datetime = MOMENTS[3],
        draw: random.Random | None = None,
        stored: int = 4,
        same: Sequence[tuple[str, str]] = (),
    ) -> T:
        """Send all in another order, compute ``stored`` days, then a fifth once more and a fifth late, and ask.

        They are of project 1; some are of project 2 as well. Each pair of ``same`` turns out to be one person.
        """
        draw = draw or random.Random(0)
        sent = [*events]
        draw.shuffle(sent)
        fifth = len(sent) // 5
        self._empty()
        self.put(sent[fifth:], 1)

        async def answer() -> T:
            persons = partial(merges.persons, self._target.engine, "user")
            clock = At(now)
            days = Days(self._target.store, zone, clock, daily(product), persons=persons)
            readers = Readers(self._target.store, 2)
            try:
                await days.loaded()
                await _compute(days, min(stored, LATE_RAW), draw)
                again = [event for event in sent[fifth : 2 * fifth] if event.event_id]
                for part, project in (([*sent[:fifth], *again], 1), (sent[:fifth], 2)):
                    self.put(part, project)
                    days.touched({(project, local(event.time, zone)) for event in part})
                self.merge(same)
                await days.merge()
                await _compute(days, stored, draw)
                return await question(Asked(days, readers, clock))
            finally:
                days.close()
                readers.close()

        return asyncio.run(answer())

    def put(self, events: Sequence[Event], project: int) -> None:
        """More events, of which the days are not told."""
        if events:
            self._target.put(events, project)

    def merge(self, same: Sequence[tuple[str, str]]) -> None:
        """Each pair is one person from now on, once the days hear of it."""
        merges.merge(self._target.engine, "user", same)

    def _empty(self) -> None:
        for table in TABLES:
            self._target.run(self._target.store.execute, f"TRUNCATE TABLE {table}")


async def _compute(days: Days, number: int, draw: random.Random) -> None:
    """Some of the closed days, so that the others are read from raw events."""
    due = days._due()
    for key in draw.sample(due, min(number, len(due))):
        await days._compute(key)


def local(at: datetime, zone: str) -> date:
    """The date on the clocks of ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()


def who(draw: random.Random, people: int) -> dict[str, Any]:
    """Somebody somewhere; one in fifteen is not named."""
    number = draw.randrange(people)
    return {
        "user": f"u{number}" if draw.random() < 0.93 else "",
        "install": f"i{number}",
        "role": ROLES[number % 3] if draw.random() < 0.9 else draw.choice(ROLES),
        "release": draw.choice(RELEASES),
        "customer": CUSTOMERS[number % 2],
    }
