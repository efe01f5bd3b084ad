"""The daily tables as they lie in the store: read at the start, written a day at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lopan.analytics.calendar import Dates
from lopan.analytics.daily import Daily, emptied, newest, reopened, slices, statement
from lopan.store import Param, Store

SLICE = 1_000_000
"""Events that one statement groups at most, about: more of them are taken in slices."""


class Version(NamedTuple):
    """What counts of a day; ``events``: how many there were when it was computed, in all the days it depends on."""

    number: int
    definition: str
    events: int


class Found(NamedTuple):
    """By (table, project, day) what counts, by (project, day) how many events there are, and the newest version.

    ``begun``: sessions by the day they began on, where that is far from their report.
    """

    versions: dict[tuple[str, int, date], Version]
    events: dict[tuple[int, date], int]
    begun: dict[tuple[int, date], int]
    last: int


class DayStore:
    """Rows of a day count only through their line in ``day_versions``, which is written last. Blocking calls."""

    def __init__(self, store: Store, zone: ZoneInfo, daily: Iterable[Daily]) -> None:
        self._store = store
        self._zone = zone
        self._daily = tuple(daily)

    def find(self) -> Found:
        """Everything that is known of days; reads the time of every event once."""
        known = self._store.query(statement("day_versions")).to_pylist()
        counted = self._store.query(statement("events_of_days"), {"zone": self._zone.key}).to_pylist()
        last = self._store.query(newest(one.table for one in self._daily)).column("version").to_pylist()
        return Found(
            {
                (row["daily"], row["project"], row["day"]): Version(row["version"], row["definition"], row["events"])
                for row in known
            },
            {(row["project"], row["day"]): row["events"] for row in counted},
            {(row["project"], row["day"]): row["begun"] for row in counted},
            max(last),
        )

    def compute(self, daily: Daily, project: int, day: date, version: int) -> None:
        """Rows first, then the line that makes them count; a crash between them leaves rows that nobody reads."""
        events = grouped = self._events(daily, project, Dates(day, day))
        if daily.begun:
            events += self._events(daily, project, Dates(day, day), "day_sessions")
        own: dict[str, Param] = {"zone": self._zone.key, "project": project, "day": day, "version": version}
        bounds = daily.bounds(Dates(day, day), self._zone)
        for part in _parts(daily, grouped):
            self._store.execute(daily.insert(), {**bounds, **daily.params, **own, **part})
        line: dict[str, Param] = {"daily": daily.table, "definition": daily.definition(self._zone), "events": events}
        self._store.execute(statement("day_version"), {**own, **line})

    def open(self, daily: Daily, project: int, dates: Dates, version: int, now: datetime) -> None:
        """Open days of one project (0 = all) as of ``now``: ``version`` for the first, the next number for the next."""
        events = self._events(daily, project, dates) if daily.sliced else 0
        own: dict[str, Param] = {"zone": self._zone.key, "project": project, "day": dates.first, "version": version}
        if daily.ages:
            own |= {"now": now, "soon": now + daily.ages}
        bounds, parts = daily.bounds(dates, self._zone), _parts(daily, events)
        for part in parts:
            self._store.execute(daily.open(1 if len(parts) > 1 else 2), {**bounds, **daily.params, **own, **part})

    def reopen(self, table: str, versions: Sequence[int]) -> None:
        """Delete versions of open days."""
        self._store.execute(reopened(table), {"versions": versions})

    def delete(self, table: str, versions: Sequence[int]) -> None:
        """Versions that nobody reads any more; rewrites parts, so better many at once."""
        self._store.execute(emptied(table), {"versions": versions})

    def merged(self) -> dict[int, int]:
        """Users by number and the person that each is known to be."""
        rows = self._store.query(statement("merged_users")).to_pylist()
        return {row["user_id"]: row["person"] for row in rows}

    def merge(self, same: Mapping[int, int], outdated: Iterable[tuple[int, date]]) -> None:
        """From here on users are these persons; the outdated days are dirty even if the process ends now."""
        days = list(outdated)
        if days:
            marked: dict[str, Param] = {
                "projects": [project for project, _ in days],
                "days": [day.isoformat() for _, day in days],
            }
            self._store.execute(statement("outdate_days"), marked)
        users, persons = list(same), list(same.values())
        self._store.execute(statement("merge_users"), {"users": users, "persons": persons, "at": time.time_ns()})
        self._store.execute(statement("reload_persons"))

    def days_of(self, users: Sequence[int]) -> set[tuple[int, date]]:
        """Projects and days on which one of the users (numbers) did anything."""
        params: dict[str, Param] = {"users": users, "zone": self._zone.key}
        rows = self._store.query(statement("days_of_users"), params).to_pylist()
        return {(row["project"], row["day"]) for row in rows}

    def _events(self, daily: Daily, project: int, dates: Dates, counting: str = "day_events") -> int:
        """How many events the rows of these days depend on."""
        reads = daily.bounds(daily.reads(dates, self._zone), self._zone)
        counted = self._store.query(statement(counting), {"project": project, **reads})
        events: int = counted.column("events")[0].as_py()
        return events


def _parts(daily: Daily, events: int) -> list[dict[str, Param]]:
    return slices(1 + events // SLICE) if daily.sliced else [{}]
