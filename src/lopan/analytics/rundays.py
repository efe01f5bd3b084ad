"""Runs by the days they began: each day is read once for as long as it stands, days that are over are merged once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from lopan.analytics.audience import Axis
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import Daily, over
from lopan.analytics.days import Days, Rows
from lopan.analytics.kept import Kept, Parts
from lopan.analytics.runs import Began, Group, Runs, Told, added, began, grouped, told
from lopan.store import Readers

_TOLD_BYTES = 1_500
_NOBODY: Parts[list[Began]] = Parts({}, {})


class Whose(NamedTuple):
    """Runs of one project (0 = all), with ``axis`` only those of one role, release or customer."""

    project: int
    axis: Axis
    name: str


class Found(NamedTuple):
    """Figures by workflow, role and release; ``days``: how many of each day got to each stage, by first entry."""

    told: dict[Group, Told]
    days: dict[tuple[str, date], tuple[int, ...]]
    late: list[date]


NOTHING = Found({}, {}, [])


class RunDays:
    """Reads the rows of ``daily``, the table of workflows."""

    def __init__(self, days: Days, readers: Readers, daily: Daily, kept: Kept) -> None:
        self._days = days
        self._readers = readers
        self._daily = daily
        self._kept = kept

    async def found(self, whose: Whose, dates: Dates, at: int, *, timed: bool = True) -> Found:
        """What runs that began in ``dates`` come to ``at`` that time, in s since 1970; ``timed``: their times, too."""
        closed = sum(self._days.closed(self._daily, day) for day in dates)
        before, since = dates.first + DAY * (closed - 1), dates.first + DAY * closed
        (past, late), (current, behind) = await asyncio.gather(
            self._read(whose, Dates(dates.first, before), timed), self._read(whose, Dates(since, dates.last), timed)
        )
        begun = [row for rows in current.values.values() for row in _those(whose, rows)]
        due = sum(0 < row.due <= at for row in begun)

        async def count() -> tuple[Found, int]:
            merged = await self._over(whose, Dates(dates.first, before), past, timed)
            counted = await asyncio.to_thread(_counted, whose, merged, begun, (past, current), at)
            return counted, _TOLD_BYTES * len(counted.told)

        stamp = past.newest(past.numbers), current.newest(current.numbers), due
        entry = await self._kept.once(("runs", whose, dates, timed), stamp, count)
        return entry.value._replace(late=sorted({*late, *behind}))

    async def _read(self, whose: Whose, dates: Dates, timed: bool) -> tuple[Parts[list[Began]], list[date]]:
        if not dates:
            return _NOBODY, []
        customer = whose.name if whose.axis == "customer" else ""
        state = await self._days.state(self._daily, dates, whose.project)
        question = "runs of a day", whose.project, customer, timed
        return await self._kept.days(question, state, partial(self._load, customer, timed)), state.late

    async def _over(self, whose: Whose, dates: Dates, past: Parts[list[Began]], timed: bool) -> dict[Group, Runs]:
        """Runs of days that are over."""

        async def merge() -> tuple[dict[Group, Runs], int]:
            rows = [row for mine in past.values.values() for row in _those(whose, mine)]
            groups = await asyncio.to_thread(grouped, rows, 0)
            return groups, sum(one.size for one in groups.values())

        return (await self._kept.once(("runs over", whose, dates, timed), past.newest(past.numbers), merge)).value

    async def _load(self, customer: str, timed: bool, rows: Rows) -> dict[date, tuple[list[Began], int]]:
        params = {**rows.params, "customer": customer, "timed": int(timed)}
        table = await self._readers.rows(over("runs", rows.sql, "workflow_runs"), params)
        found: dict[date, list[Began]] = {}
        for day, row in await asyncio.to_thread(began, table):
            found.setdefault(day, []).append(row)
        return {day: (mine, sum(row.runs.size for row in mine)) for day, mine in found.items()}


def _those(whose: Whose, rows: Iterable[Began]) -> Iterable[Began]:
    if whose.axis not in ("role", "release"):
        return rows
    return (row for row in rows if whose.name == (row.role if whose.axis == "role" else row.release))


def _counted(
    whose: Whose, past: dict[Group, Runs], begun: Sequence[Began], days: Sequence[Parts[list[Began]]], at: int
) -> Found:
    current = grouped(begun, at)
    reached: dict[tuple[str, date], tuple[int, ...]] = {}
    for day, rows in (item for part in days for item in part.values.items()):
        for row in _those(whose, rows):
            if row.due <= at:
                key = row.workflow, day
                reached[key] = added((reached.get(key, ()), row.runs.first))
    return Found({group: told(group, past, current) for group in {**past, **current}}, reached, [])
