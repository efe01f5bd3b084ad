"""What the fleet sends from now on: sessions begin as people feel like it, and their events fall due one by one."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lopan.demo import events
from lopan.demo.fleet import DAY_MS, Fleet, Ints, absent, appetite, rhythm
from lopan.demo.native import Event, Timed, timed
from lopan.demo.product import ROLES, ZONES
from lopan.demo.scenarios import SCENARIOS
from lopan.demo.sessions import begun
from lopan.ingest.arrays import TIME

PER_SESSION = 80.0
_FIXED = 4.0
_SAMPLED = 8.0
_WARM_MS = 45 * 60_000
_STEP_MS = 10_000
_QUIET = 0.15


class Traffic:
    """Seeded; ``due`` is asked with a time that only grows. ``rate`` is events a second on average."""

    def __init__(self, fleet: Fleet, seed: int, rate: float, now: int) -> None:
        self._fleet = fleet
        self._rng = np.random.default_rng([fleet.seed, 3, seed])
        self._random = Random(seed)
        self._starts = rate / PER_SESSION
        self._busy = np.zeros(fleet.n, np.int64)
        self._heap: list[Timed] = []
        self._drawn = 0
        self._upto = now - _WARM_MS
        self._since: dict[str, int] = {}
        self._crashed: dict[str, int] = {}
        self._born = pa.scalar(now, TIME)
        self._draw(now)

    def due(self, now: int, scenarios: Collection[str] = ()) -> list[Event]:
        """Events up to ``now`` (ms since 1970), as altered by the scenarios that are on."""
        self._draw(now)
        self._since = {name: self._since.get(name, now) for name in sorted(scenarios)}
        sent: list[Event] = []
        while self._heap and self._heap[0].at <= now:
            sent.extend(self._altered(heapq.heappop(self._heap)))
        return sent

    def _altered(self, drawn: Timed) -> list[Event]:
        session = drawn.event["session"]
        if session in self._crashed:
            return []
        current = [drawn.event]
        for name, since in self._since.items():
            minutes = (drawn.at - since) / 60_000
            current = [out for event in current for out in SCENARIOS[name](event, minutes, self._random)]
        if any(event["type"] == "session" and event["status"] == "crashed" for event in current):
            self._crashed[session] = drawn.at
        return current

    def _draw(self, now: int) -> None:
        """Begin sessions in equal steps past ``now``: nothing depends on how often ``due`` is asked."""
        while self._upto <= now:
            count = self._rng.poisson(self._starts * _STEP_MS / 1000)
            if count:
                self._begin(np.sort(self._upto + self._rng.integers(0, _STEP_MS, count)))
            self._upto += _STEP_MS
        self._crashed = {session: at for session, at in self._crashed.items() if at > now - DAY_MS}

    def _begin(self, start: Ints) -> None:
        who = self._people(int(start[0]), len(start))
        if not len(who):
            return
        start = start[: len(who)]
        sessions = begun(self._fleet, who, start, self._rng)
        self._busy[who] = start + (sessions.seconds * 1000).astype(np.int64)
        density = (PER_SESSION - _FIXED) / _SAMPLED
        rows = events.of(self._fleet, sessions, self._rng, density)
        rows.append(events.opening(sessions))
        table = events.table(self._fleet, sessions, rows, self._rng, 0)
        table = table.filter(pc.greater_equal(table.column("time"), self._born))
        for event in timed(table, self._drawn):
            heapq.heappush(self._heap, event)
        self._drawn += len(table)

    def _people(self, now: int, count: int) -> Ints:
        """Different people without a session, by appetite and the hour where they are; fewer when most are busy."""
        fleet = self._fleet
        day = now // DAY_MS
        here = (fleet.joined * DAY_MS <= now) & (fleet.left * DAY_MS > now) & (self._busy <= now)
        here &= ~absent(fleet, day)
        hours = np.array([[rhythm(day, role, zone) for zone in range(len(ZONES))] for role in range(len(ROLES))])
        hour = now % DAY_MS // 3_600_000
        awake = _QUIET * hours.mean() + hours[fleet.role, fleet.zone, hour]
        weight = appetite(fleet, day) * here * awake
        count = min(count, int(np.count_nonzero(weight)))
        if not count:
            return np.empty(0, np.int64)
        chosen: Ints = self._rng.choice(fleet.n, count, replace=False, p=weight / weight.sum())
        return chosen
