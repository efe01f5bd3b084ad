"""How long people stay: number, mean and exact median of sessions, with and without those of a single event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from lopan.analytics.audience import Audience, axis_of
from lopan.analytics.calendar import Dates
from lopan.analytics.daily import SESSIONS, over
from lopan.analytics.days import Days
from lopan.store import Readers

BENCHMARK_S = 900.0
DEFINITION = (
    "a session is all that bears the client's session id until a silence of 24 h; without an id, what a user did until"
    " a silence of 30 min; ends at most 24 h after its begin, is never cut at midnight and belongs to the day it began;"
    " duration = last event - first event, or what the client says; a single-event session has duration 0"
)


class SessionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in seconds; None without sessions. ``*_without`` leaves out the ``singles``, sessions of one event."""

    number: int
    singles: int
    mean: float | None
    median: float | None
    mean_without: float | None
    median_without: float | None


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


class Sessions:
    """Answers from the sorted durations of each day; days on which sessions may still go on come from raw events."""

    def __init__(self, days: Days, readers: Readers) -> None:
        self._days = days
        self._readers = readers

    async def report(self, dates: Dates, audience: Audience = Audience(), by: str = "") -> SessionReport:
        """Sessions of the range, of each day, and groups ``by`` role, release or customer, most sessions first.

        Raises Rejected for an unknown axis.
        """
        axis, name = audience.axis
        source = await self._days.rows(SESSIONS, dates, audience.number)
        params = {**source.params, "axis": axis, "name": name, "by": axis_of(by) if by else ""}
        sql = over("session_list", source.sql, "sessions")
        rows = (await self._readers.rows(sql, params, lasting=source.lasting)).to_pylist()
        found = {row["day"]: _figures(row) for row in rows if row["of_day"]}
        groups = [SessionGroup(key=row["name"], figures=_figures(row)) for row in rows if row["of_name"] and by]
        whole = next((_figures(row) for row in rows if not row["of_day"] and not row["of_name"]), _NONE)
        return SessionReport(
            dates=dates,
            audience=audience,
            by=by,
            whole=whole,
            days=[
                SessionDay(day=day, figures=found.get(day, _NONE), partial=not self._days.closed(SESSIONS, day))
                for day in dates
            ],
            groups=sorted(groups, key=lambda group: (-group.figures.number, group.key)),
            late=source.late,
            zone=self._days.zone.key,
        )


_NONE = SessionFigures(number=0, singles=0, mean=None, median=None, mean_without=None, median_without=None)


def _figures(row: Mapping[str, Any]) -> SessionFigures:
    number, singles = int(row["number"]), int(row["single"])
    if not number:
        return _NONE
    total, longer = row["total"] / 1_000, number - singles
    return SessionFigures(
        number=number,
        singles=singles,
        mean=total / number,
        median=row["median"] / 1_000,
        mean_without=total / longer if longer else None,
        median_without=row["median_without"] / 1_000 if longer else None,
    )
