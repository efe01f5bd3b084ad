"""Recurring revenue and who stayed: by contract, and by orders for customers who have none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lopan.analytics.business.contracts import DAY_MS, grace, milliseconds
from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.facts import Facts
from lopan.catalog.business import Retention
from lopan.catalog.workdays import number
from lopan.store.base import Param


class Who(NamedTuple):
    """Whose contracts; "" = all. ``by`` is customer, segment or region; ``known`` the day as of which it is asked."""

    customer: str = ""
    segment: str = ""
    region: str = ""
    by: str = ""
    known: date | None = None


class Movement(NamedTuple):
    """Accounts with a contract, and their money a month, from begin to end of one period.

    ``kept`` of those ``begun`` are still there; ``n`` were there at either end. ``retained`` is what those paid in the
    end, ``still`` no more than they paid before, ``won`` what new ones pay. ``unpriced`` amounts have no rate; what an
    account with such an amount pays is not known and left out. ``waiting`` accounts ended so lately that they may
    still be renewed.
    """

    period: int
    k: str
    n: int
    begun: int
    kept: int
    ended: int
    expansions: int
    before: float
    after: float
    retained: float
    still: float
    churned: float
    contracted: float
    expanded: float
    won: float
    unpriced: int
    waiting: int


class Buyers(NamedTuple):
    """Customers who ordered lately at begin and end of one period."""

    period: int
    k: str
    begun: int
    kept: int
    ended: int
    n: int


class Revenue:
    """Answers for several periods at once. A period ends with its last day, at the latest ``now``.

    What is asked of contracts at the same moment is one statement: planning it costs more than running it.
    """

    def __init__(self, facts: Facts, how: Retention) -> None:
        self.facts, self._how = facts, how
        self._zone = ZoneInfo(facts.zone)
        self._together: dict[tuple[Who, datetime], tuple[list[Dates], asyncio.Task[list[Movement]]]] = {}

    async def movements(self, periods: Sequence[Dates], who: Who, now: datetime) -> list[Movement]:
        """By contracts; what was paid just before the period and just before its end, at the rates of its last day."""
        key = (who, now)
        if key not in self._together:
            asked: list[Dates] = []
            self._together[key] = asked, asyncio.create_task(self._movements(asked, who, now), name="contracts")
        everything, task = self._together[key]
        places = range(len(everything), len(everything) + len(periods))
        everything.extend(periods)
        found = await asyncio.shield(task)
        return [one._replace(period=one.period - places.start) for one in found if one.period in places]

    async def _movements(self, periods: list[Dates], who: Who, now: datetime) -> list[Movement]:
        await asyncio.sleep(0)  # all who ask at this moment have their turn
        del self._together[who, now]
        rows = await self._rows("contracts", periods, who, now, grace(self._how, now))
        return [Movement(*row.values())._replace(period=row["p"] - 1) for row in rows]

    async def buyers(self, periods: Sequence[Dates], who: Who, now: datetime) -> list[Buyers]:
        """By orders: who placed one in the ``quiet_days`` before begin and end."""
        rows = await self._rows("buyers", periods, who, now, {"quiet": self._how.quiet_days * DAY_MS})
        return [Buyers(*row.values())._replace(period=row["p"] - 1) for row in rows]

    async def _rows(
        self, name: str, periods: Sequence[Dates], who: Who, now: datetime, more: Mapping[str, Param]
    ) -> list[dict[str, Any]]:
        if not periods:
            return []
        ends = [min(begin(one.last + DAY, self._zone), now) for one in periods]
        asked: dict[str, Param] = {
            "begins": [milliseconds(begin(one.first, self._zone)) for one in periods],
            "ends": [milliseconds(end) for end in ends],
            "lasts": [number((end - timedelta(milliseconds=1)).astimezone(self._zone).date()) for end in ends],
            "customer": who.customer,
            "segment": who.segment,
            "region": who.region,
            "by": who.by,
        }
        return await self.facts.rows(name, who.known, **asked, **more)
