"""Forty people who began on one Monday and two who are new since yesterday: all they did, so every figure is known."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.served import Served

Event = dict[str, Any]
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
MONDAY = TODAY - DAY * (TODAY.weekday() + 49)
"""Seven ISO weeks before this one."""
BACK = {1: 32, 8: 24, 31: 26}
"""How many of the forty came again so many days later, those with the smallest numbers."""
YESTERDAY, NEW, SO_FAR = 12, 2, 4
SETTINGS = "[ingest]\noldest_days = 120\n"


def did(name: str, day: date, minutes: int = 0) -> Event:
    """Something somebody did at noon, or later by ``minutes``."""
    number = int(name[1:])
    role = "salesperson" if number < 30 else "warehouseKeeper"
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(minutes=minutes)
    fields = {"user": name, "role": role, "release": "2.1.0", "customer": "North" if number % 2 else "South"}
    return {"type": "action", "feature": "orders", "time": at.isoformat(), **fields}


def now(name: str) -> Event:
    """Something somebody does at this moment."""
    return did(name, TODAY) | {"time": datetime.now(UTC).isoformat()}


def names(count: int, letter: str = "s") -> list[str]:
    """The first of them."""
    return [f"{letter}{number}" for number in range(count)]


def events() -> list[Event]:
    """All that happened; sessions of yesterday last 20 minutes, all others are of a single event."""
    made = [did(name, MONDAY) for name in names(40)]
    made += [did(name, MONDAY + DAY * after) for after, count in BACK.items() for name in names(count)]
    seen = [*names(YESTERDAY), *names(NEW, "n")]
    made += [did(name, TODAY - DAY, minutes) for name in seen for minutes in (0, 20)]
    return made + [now(name) for name in names(SO_FAR)]


def settled(server: Served) -> None:
    """Wait until today's can be counted."""
    until(lambda: engagement(server)["days"][-1]["dau"] == SO_FAR, server)


def engagement(server: Served, **query: str) -> dict[str, Any]:
    """What the Engagement page shows, for the operational level."""
    found: dict[str, Any] = server.get("/api/v1/engagement", "operational", **query).json()
    return found


def until(done: Any, server: Served) -> None:
    """Ask again and again, at most half a minute."""
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


def texts(parts: Iterable[str]) -> str:
    """Words as they are read, whatever lies between them."""
    return " ".join(" ".join(parts).split())
