"""Small fleets as hypothesis draws them, and everything about their people computed in plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from itertools import pairwise
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from lopan.event import Action, AppLaunch, Crash, Event, Memory, Session
from lopan.event.types import Base

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe"),
    *("America/Havana", "Africa/Cairo", "America/Santiago", "Pacific/Kiritimati"),
)
"""Half and quarter hours, and clocks that change at midnight, among them."""

USERS, ROLES, RELEASES, CUSTOMERS = 9, ("administrator", "salesperson", ""), ("1.0", "2.0"), ("acme", "")
DAY = timedelta(days=1)
HOURS_24 = timedelta(hours=24)
STEPS = (1, 7, 30, 90)

# Days that lie 0, 1, 7, 28, 30 and 90 days apart matter, and those around changes of the clock.
_AGES = st.sampled_from((0, 1, 2, 3, 6, 7, 8, 13, 14, 21, 22, 27, 28, 29, 30, 36, 55, 56, 57, 62, 77, 84, 90, 96, 100))
_MINUTES = st.integers(-720, 719)
_STEPS = st.sampled_from((0, 1, 29, 30, 31, 400, 1_439, 1_440, 1_441))


@st.composite
def visits(draw: st.DrawFn) -> list[Event]:
    """A few events of one user, close enough to be one session or just not."""
    at = NOW - DAY * draw(_AGES) - timedelta(minutes=draw(_MINUTES))
    base: dict[str, Any] = {
        "user": f"u{draw(st.integers(0, USERS - 1))}" if draw(st.integers(0, 9)) else "",
        "role": draw(st.sampled_from(ROLES)),
        "release": draw(st.sampled_from(RELEASES)),
        "customer": draw(st.sampled_from(CUSTOMERS)),
        "session": str(UUID(int=draw(st.integers(1, 6)))) if draw(st.booleans()) else "",
    }
    found: list[Event] = []
    for _ in range(draw(st.integers(1, 4))):
        if at > NOW:
            break
        kind = draw(st.sampled_from(("action", "action", "launch", "memory", "crash", "session")))
        if kind == "action":
            found.append(Action(time=at, feature="orders", **base))
        elif kind == "launch":
            found.append(AppLaunch(time=at, duration_ms=900, **base))
        elif kind == "memory":
            found.append(Memory(time=at, footprint_mb=90, **base))
        elif kind == "crash":
            found.append(Crash(time=at, **base))
        else:
            own = base | {"session": base["session"] or str(UUID(int=draw(st.integers(7, 12))))}
            seconds = draw(st.sampled_from((0.0, 30.0, 5_400.0, 90_000.0)))
            started = at - timedelta(seconds=draw(st.sampled_from((0.0, 30.0, 5_400.0, 90_000.0))))
            found.append(Session(time=at, status="exited", started=started, duration_s=seconds, **own))
        at += timedelta(minutes=draw(_STEPS))
    return found


def fleets() -> st.SearchStrategy[list[Event]]:
    """Events of a few people over a hundred days; in no order."""
    return st.lists(visits(), min_size=1, max_size=14).map(_apart)


def _apart(lists: list[list[Event]]) -> list[Event]:
    """No two visits at the same millisecond: which of two events came first must be told by their times."""
    return [
        msgspec.structs.replace(event, time=event.time.replace(microsecond=index * 1_000))
        for index, events in enumerate(lists)
        for event in events
    ]


def dense(seed: int) -> list[Event]:
    """People seen often, seldom, or every so many days, over a hundred days: wrong by a day shows somewhere."""
    draw = random.Random(seed)
    ages = [(user, age) for user in range(30) for age in range(draw.randint(0, 105)) if draw.random() < 0.3]
    ages += [(100 + every, age) for every in (6, 7, 8, 27, 28, 29, 30, 55, 56, 57, 90) for age in range(1, 106, every)]
    return [
        Action(
            time=NOW - DAY * age - timedelta(minutes=draw.randint(0 if age == 0 else -720, 720)),
            user=f"u{user}",
            role=draw.choice(ROLES),
            release=draw.choice(RELEASES),
            customer=draw.choice(CUSTOMERS),
            feature="orders",
        )
        for user, age in ages
    ]


class Truth:
    """Every figure of people from the events alone; ``same`` maps a name to the name it is merged into."""

    def __init__(
        self, events: Iterable[Event], zone: str, same: dict[str, str] | None = None, now: datetime = NOW
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.today = now.astimezone(self.zone).date()
        same = same or {}
        self.foreground: list[Base] = [event for event in events if not isinstance(event, (Memory, Crash))]
        self.person = {event.user: same.get(event.user, event.user) for event in self.foreground}
        self._active: dict[tuple[str, str], dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
        for event in self.foreground:
            if event.user:
                for axis in ("", "role", "release", "customer"):
                    name = getattr(event, axis) if axis else ""
                    self._active[axis, name][self.day(event.time)].add(self.person[event.user])

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def active(self, day: date, axis: str = "", name: str = "") -> set[str]:
        return self._active[axis, name].get(day, set())

    def window(self, first: date, last: date, axis: str = "", name: str = "") -> set[str]:
        return set().union(*(self.active(first + DAY * at, axis, name) for at in range((last - first).days + 1)))

    def names(self, axis: str) -> set[str]:
        return {name for one, name in self._active if one == axis and self._active[one, name]}

    def born(self, day: date, axis: str = "", name: str = "") -> set[str]:
        """People of the filter whose first day ever is ``day``."""
        earlier = {person for when, people in self._active["", ""].items() if when < day for person in people}
        return self.active(day, axis, name) - earlier

    def people(self, day: date, axis: str = "", name: str = "") -> dict[str, Any]:
        here = self.active(day, axis, name)
        recent, month = self.window(day - DAY * 28, day - DAY), self.window(day - DAY * 27, day)
        wide = self.window(day - DAY * 27, day, axis, name)
        fresh = self.born(day, axis, name)
        then = self.window(day - DAY * 55, day - DAY * 28, axis, name)
        mean = sum(len(self.active(day - DAY * at, axis, name)) for at in range(28)) / 28
        return {
            "day": day,
            "dau": len(here),
            "wau": len(self.window(day - DAY * 6, day, axis, name)),
            "mau": len(wide),
            "fresh": len(fresh),
            "returning": len(here & recent),
            "resurrected": len(here - recent - fresh),
            "dormant": len(self.active(day - DAY * 28, axis, name) - month),
            "churned": len(then - month),
            "base": len(then),
            "stickiness": mean / len(wide) if wide else None,
            "partial": day >= self.today,
        }

    def came_back(self, cohort: date, step: int, method: str) -> set[str] | None:
        """Who was active again; None while the cohort is too young."""
        last = self.today - DAY
        first = until = cohort + DAY * step
        if method == "rolling":
            return self._in_24_hours(cohort, step)
        if method == "after":
            until = max(first, last)
        elif method == "bracket" and step == 1:
            first = until = next(cohort + DAY * at for at in range(1, 4) if (cohort + DAY * at).isoweekday() <= 5)
        elif method == "bracket":
            until = first + DAY * 6
        if until > last:
            return None
        return self.window(first, until)

    def _in_24_hours(self, cohort: date, step: int) -> set[str] | None:
        midnights = [datetime.combine(day, clock(), self.zone).astimezone(UTC) for day in (cohort + DAY, self.today)]
        if midnights[0] + HOURS_24 * (step + 1) > midnights[1]:
            return None
        times: dict[str, list[datetime]] = defaultdict(list)
        for event in self.foreground:
            if event.user:
                times[self.person[event.user]].append(event.time)
        since = {person: min(found) + HOURS_24 * step for person, found in times.items()}
        return {
            person
            for person, found in times.items()
            if any(since[person] <= time < since[person] + HOURS_24 for time in found)
        }

    def rate(self, days: Sequence[date], step: int, method: str, axis: str = "", name: str = "") -> tuple[int, int]:
        back = cohort = 0
        for day in days:
            there = self.came_back(day, step, method)
            if there is not None:
                born = self.born(day, axis, name)
                back, cohort = back + len(born & there), cohort + len(born)
        return back, cohort

    def sessions(self) -> list[tuple[date, Base, timedelta, bool]]:
        """(day of begin, first event, duration, whether it is one event alone) of every session."""
        by_key: dict[Any, list[tuple[datetime, str, str, str, datetime, Base]]] = defaultdict(list)
        for event in self.foreground:
            if not event.session and not event.user:
                continue
            begun = ended = event.time
            if isinstance(event, Session):
                begun = max(min(event.started or event.time, event.time), event.time - HOURS_24)
                ended = max(event.time, begun + min(HOURS_24, timedelta(seconds=event.duration_s)))
            key = event.session or self.person[event.user]
            by_key[bool(event.session), key].append((begun, event.role, event.release, event.customer, ended, event))
        found = []
        for (named, _), moments in by_key.items():
            gap = HOURS_24 if named else timedelta(minutes=30)
            moments.sort(key=lambda moment: moment[:5])
            runs = [[moments[0]]]
            for before, moment in pairwise(moments):
                if moment[0] - before[0] >= gap:
                    runs.append([])
                runs[-1].append(moment)
            for run in runs:
                begun = run[0][0]
                counted = [moment for moment in run if moment[0] <= begun + HOURS_24]
                took = max(min(moment[4], begun + HOURS_24) for moment in counted) - begun
                found.append((self.day(begun), run[0][5], took, len(counted) == 1 and not took))
        return found


def figures(sessions: Sequence[tuple[date, Base, timedelta, bool]]) -> dict[str, Any]:
    """Number, mean and median of sessions, with and without those of one event."""
    with_all = [took.total_seconds() for _, _, took, _ in sessions]
    without = [took.total_seconds() for _, _, took, single in sessions if not single]
    return {
        "number": len(with_all),
        "singles": len(with_all) - len(without),
        "mean": sum(with_all) / len(with_all) if with_all else None,
        "median": median(with_all) if with_all else None,
        "mean_without": sum(without) / len(without) if without else None,
        "median_without": median(without) if without else None,
    }
