"""How long people stay: number, mean and exact median of sessions, with and without those of a single event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

import msgspec
import pyarrow as pa

from lopan.analytics.audience import Audience, axis_of
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import SESSIONS, over
from lopan.analytics.days import Days, Rows
from lopan.analytics.durations import NONE, Durations, SessionFigures, durations, figures, merged
from lopan.analytics.kept import Kept, Parts
from lopan.store import Readers

__all__ = ["SessionDay", "SessionFigures", "SessionGroup", "SessionReport", "Sessions"]

_GROUP_BYTES = 300
BENCHMARK_S = 900.0
DEFINITION = (
    "a session is all that bears the client's session id until a silence of 24 h; without an id, what a user did until"
    " a silence of 30 min; ends at most 24 h after its begin, is never cut at midnight and belongs to the day it began;"
    " duration = last event - first event, or what the client says; a single-event session has duration 0"
)


class SessionDay(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions that began on a local day; ``partial`` = the day, or a session of it, may still go on."""

    day: date
    figures: SessionFigures
    partial: bool


class SessionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of one value of the axis, as stamped on their first event."""

    key: str
    figures: SessionFigures


class SessionReport(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions that began in ``dates``; every day is there, empty ones too; ``benchmark`` in seconds."""

    dates: Dates
    audience: Audience
    by: str
    whole: SessionFigures
    days: list[SessionDay]
    groups: list[SessionGroup]
    late: list[date]
    zone: str
    benchmark: float = BENCHMARK_S
    definition: str = DEFINITION


class _Question(NamedTuple):
    project: int
    axis: str
    name: str
    by: str


class _Day(NamedTuple):
    """Sessions that began on one day, and those of each value of the axis they are split by."""

    figures: SessionFigures
    names: dict[str, Durations]


class Sessions:
    """Answers from the sorted durations of each day, which are kept; those of days that are over are merged once."""

    def __init__(self, days: Days, readers: Readers, kept: Kept | None = None) -> None:
        self._days = days
        self._readers = readers
        self._kept = kept or Kept()

    async def report(self, dates: Dates, audience: Audience = Audience(), by: str = "") -> SessionReport:
        """Sessions of the range, of each day, and groups ``by`` role, release or customer, most sessions first.

        Raises Rejected for an unknown axis.
        """
        asked = _Question(audience.number, *audience.axis, axis_of(by) if by else "")
        state = await self._days.state(SESSIONS, dates, asked.project)
        found = await self._kept.days(("session day", asked), state, partial(self._load, asked))
        whole, groups = await self._together(asked, dates, found)
        days = found.values
        return SessionReport(
            dates=dates,
            audience=audience,
            by=by,
            whole=whole,
            days=[
                SessionDay(
                    day=day,
                    figures=days[day].figures if day in days else NONE,
                    partial=not self._days.closed(SESSIONS, day),
                )
                for day in dates
            ],
            groups=groups if by else [],
            late=state.late,
            zone=self._days.zone.key,
        )

    async def _together(
        self, asked: _Question, dates: Dates, found: Parts[_Day]
    ) -> tuple[SessionFigures, list[SessionGroup]]:
        """All sessions of the range, and those of each value."""

        async def count() -> tuple[tuple[SessionFigures, list[SessionGroup]], int]:
            over_ = [day for day in dates if self._days.closed(SESSIONS, day)]
            going_on = Dates(over_[-1] + DAY, dates.last) if over_ else dates
            parts = [await self._over(asked, over_, found)] if over_ else []
            parts += [found.values[day].names for day in going_on if day in found.values]
            counted = await asyncio.to_thread(_counted, parts)
            return counted, _GROUP_BYTES * (1 + len(counted[1]))

        return (await self._kept.once(("sessions", asked, dates), found.newest(dates), count)).value

    async def _over(self, asked: _Question, days: Sequence[date], found: Parts[_Day]) -> dict[str, Durations]:
        """The durations of days that are over, by value."""

        async def merge() -> tuple[dict[str, Durations], int]:
            parts = [found.values[day].names for day in days if day in found.values]
            names = await asyncio.to_thread(_merged, parts)
            return names, sum(one.size for one in names.values())

        key = "sessions over", asked, days[0], days[-1]
        return (await self._kept.once(key, found.newest(days), merge)).value

    async def _load(self, asked: _Question, rows: Rows) -> dict[date, tuple[_Day, int]]:
        params = {**rows.params, "axis": asked.axis, "name": asked.name, "by": asked.by}
        table = await self._readers.rows(over("session_list", rows.sql, "sessions"), params)
        return await asyncio.to_thread(_days, table)


def _days(table: pa.Table) -> dict[date, tuple[_Day, int]]:
    """By day what the rows of ``sessions.sql`` come to, with its size in bytes."""
    names: dict[date, dict[str, Durations]] = {}
    for batch in table.to_batches():
        lists = batch.column("ms")
        ms, ends = lists.values.to_numpy(), lists.offsets.to_pylist()
        told = zip(*(batch.column(one).to_pylist() for one in ("day", "split", "single")), strict=True)
        for index, (day, name, singles) in enumerate(told):
            names.setdefault(day, {})[name] = durations(ms[ends[index] : ends[index + 1]], int(singles))
    return {
        day: (_Day(figures([*mine.values()]), mine), sum(one.size for one in mine.values()))
        for day, mine in names.items()
    }


def _by_name(parts: Sequence[Mapping[str, Durations]]) -> dict[str, list[Durations]]:
    found: dict[str, list[Durations]] = {}
    for part in parts:
        for name, one in part.items():
            found.setdefault(name, []).append(one)
    return found


def _merged(parts: Sequence[Mapping[str, Durations]]) -> dict[str, Durations]:
    return {name: merged(mine) for name, mine in _by_name(parts).items()}


def _counted(parts: Sequence[Mapping[str, Durations]]) -> tuple[SessionFigures, list[SessionGroup]]:
    by_name = _by_name(parts)
    groups = [SessionGroup(key=name, figures=figures(mine)) for name, mine in by_name.items()]
    whole = figures([one for mine in by_name.values() for one in mine])
    return whole, sorted(groups, key=lambda group: (-group.figures.number, group.key))
