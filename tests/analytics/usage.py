"""What the tests of features, workflows and satisfaction share: one store, a project of its own for every fleet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st
from tests.support import Pipeline

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

fleets = st.tuples(st.sampled_from(ZONES), st.sampled_from(MOMENTS), st.integers(0, 10**9))
"""Zone, now, and the seed of what people did."""


class At(msgspec.Struct):
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0


class Usage:
    """The store with a number for the next project."""

    def __init__(self, target: Pipeline) -> None:
        self.target = target
        self._numbers = count(1)

    def put(self, events: Sequence[Event], draw: random.Random) -> int:
        """Everything in another order, a fifth of it late and once more; returns the number of the project."""
        project = next(self._numbers)
        sent = [*events]
        draw.shuffle(sent)
        late = draw.sample(sent, len(sent) // 5)
        self.target.put(sent, project)
        if late:
            self.target.put(late, project)
        return project

    def ask(self, question: Callable[[Readers], Awaitable[T]]) -> T:
        """An answer from readers of an event loop of its own."""

        async def answer() -> T:
            readers = Readers(self.target.store, 2)
            try:
                return await question(readers)
            finally:
                readers.close()

        return asyncio.run(answer())


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
