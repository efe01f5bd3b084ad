"""How long people stay: number, mean and exact median of sessions, with and without those of a single event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

import msgspec
import pyarrow as pa

from lopan.analytics.audience import AXES, Audience, axis_of
from lopan.analytics.calendar import Dates
from lopan.analytics.daily import SESSIONS, over
from lopan.analytics.days import Days, Rows, State
from lopan.analytics.durations import NONE, Durations, SessionFigures, durations, figures, merged
from lopan.analytics.kept import Kept, Parts
from lopan.store import Readers

__all__ = ["SessionDay", "SessionFigures", "SessionGroup", "SessionReport", "Sessions"]

_FIGURES_BYTES = 300
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


class _Past(NamedTuple):
    """Sessions of days that are over: figures of each day, and the durations of all of them by value."""

    days: dict[date, SessionFigures]
    names: dict[str, Durations]


class _Counted(NamedTuple):
    """Sessions of a range: of each day that has any, of all, and of each value, most sessions first."""

    days: dict[date, SessionFigures]
    whole: SessionFigures
    groups: list[SessionGroup]


class Sessions:
    """Answers from the sorted durations of each day; those of days that are over are merged once and kept."""

    def __init__(self, days: Days, readers: Readers, kept: Kept | None = None) -> None:
        self._days = days
        self._readers = readers
        self._kept = kept or Kept()

    async def report(self, dates: Dates, audience: Audience = Audience(), by: str = "") -> SessionReport:
        """Sessions of the range, of each day, and groups ``by`` role, release or customer, most sessions first.

        Raises Rejected for an unknown axis.
        """
        axis, name = audience.axis
        # Without a split all are asked for as the page splits them, so that both share what is kept.
        asked = _Question(audience.number, axis, name, axis_of(by) if by else "" if axis else AXES[0])
        state = await self._days.state(SESSIONS, dates, asked.project)
        key = "sessions", asked, *self._ago(dates)
        counted = (await self._kept.once(key, state.stamp, partial(self._count, asked, dates, state))).value
        return SessionReport(
            dates=dates,
            audience=audience,
            by=by,
            whole=counted.whole,
            days=[
                SessionDay(day=day, figures=counted.days.get(day, NONE), partial=not self._days.closed(SESSIONS, day))
                for day in dates
            ],
            groups=counted.groups if by else [],
            late=state.late,
            zone=self._days.zone.key,
        )

    async def _count(self, asked: _Question, dates: Dates, state: State) -> tuple[_Counted, int]:
        over_ = [day for day in dates if self._days.closed(SESSIONS, day)]
        past = await self._past(asked, over_, state) if over_ else _Past({}, {})
        now = (await self._units(asked, state, [day for day in dates if day not in set(over_)])).values
        days = past.days | {day: unit.figures for day, unit in now.items()}
        counted = await asyncio.to_thread(_counted, days, [past.names, *(unit.names for unit in now.values())])
        return counted, _FIGURES_BYTES * (len(days) + len(counted.groups))

    async def _past(self, asked: _Question, days: Sequence[date], state: State) -> _Past:
        async def merge() -> tuple[_Past, int]:
            units = (await self._units(asked, state, days)).values
            names = await asyncio.to_thread(_merged, [unit.names for unit in units.values()])
            figures_ = {day: unit.figures for day, unit in units.items()}
            return _Past(figures_, names), sum(one.size for one in names.values()) + _FIGURES_BYTES * len(figures_)

        key = "past sessions", asked, *self._ago(Dates(days[0], days[-1]))
        return (await self._kept.once(key, state.stamp_of(days), merge)).value

    async def _units(self, asked: _Question, state: State, days: Sequence[date]) -> Parts[_Day]:
        return await self._kept.days(("session day", asked), state, partial(self._load, asked), days)

    def _ago(self, dates: Dates) -> tuple[int, int]:
        """How many days ago the range begins and ends: at midnight the range of one day takes the place of the last."""
        return (self._days.today() - dates.first).days, (self._days.today() - dates.last).days

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


def _counted(days: dict[date, SessionFigures], parts: Sequence[Mapping[str, Durations]]) -> _Counted:
    by_name = _by_name(parts)
    groups = [SessionGroup(key=name, figures=figures(mine)) for name, mine in by_name.items()]
    whole = figures([one for mine in by_name.values() for one in mine])
    return _Counted(days, whole, sorted(groups, key=lambda group: (-group.figures.number, group.key)))
