"""Which local days the daily tables hold as they are now, and the one task that computes the others again."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from lopan.analytics import calendar
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import DAILY, Daily
from lopan.analytics.daystore import DayStore
from lopan.analytics.opendays import Open, OpenDays
from lopan.clock import Clock
from lopan.errors import LopanError
from lopan.store import Param, Store

DUTY = 3.0
"""After each day the task rests this many times as long as it took, so that intake keeps its speed."""

AGAIN_SECONDS = 10.0
"""A closed day that late events go on touching is computed at most this often."""

LATE_RAW = 2
"""So many days with late events are read from raw events; of more, what was last computed of them."""

_KEPT = 500
_GRACE_SECONDS = 600.0
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_TOLD = 50

log = logging.getLogger(__name__)
T = TypeVar("T")
Key = tuple[str, int, date]
Stamp = tuple[int | tuple[int, int], ...]
"""Of each project the day's version; where late events are read too, with it how often they have come since."""


class Versions(list[int]):
    """Numbers that a statement reads, and the open days among them, whose rows are there while the list is held."""

    held: tuple[Open, ...] = ()

    def also(self, other: Versions) -> Versions:
        """The numbers of both."""
        both = Versions([*self, *other])
        both.held = self.held + other.held
        return both


class Rows(NamedTuple):
    """A SELECT over a daily table and, for closed days it does not hold, over raw events; ``late`` days miss events.

    ``lasting``: it reads no raw event, so that its rows follow from its parameters.
    """

    sql: str
    params: dict[str, Param]
    late: list[date]
    versions: Versions
    lasting: bool


class _Split(NamedTuple):
    """Where days are read from: by ``versions``, from ``raw`` events, or ``open`` ones as ``OpenDays`` computed them.

    ``stamps``: of all but the open ones, what their rows are told from earlier and later ones by.
    """

    versions: dict[date, list[int]]
    raw: list[date]
    late: list[date]
    open: list[date]
    stamps: dict[date, Stamp]


class State:
    """Days as they are just now: ``rows`` reads some of them, ``stamps`` says when that gives the same again.

    Days without events have no stamp, or an empty one; ``late`` days miss events. Open days' rows stay in the store
    while this object, or what ``rows`` gave, is held.
    """

    def __init__(self, daily: Daily, zone: ZoneInfo, project: int, split: _Split, opened: Open | None) -> None:
        self._daily = daily
        self._zone = zone
        self._project = project
        self._split = split
        self._opened = opened
        self.stamps = dict(split.stamps)
        self.late = split.late
        if opened is not None:
            self.stamps |= {day: (opened.version(day),) for day in split.open}

    @property
    def stamp(self) -> Hashable:
        """Of all days together."""
        return self.stamp_of(self.stamps)

    def stamp_of(self, days: Iterable[date]) -> Hashable:
        """Of these of the days together."""
        return tuple((day, self.stamps[day]) for day in days if day in self.stamps)

    def rows(self, days: Iterable[date] | None = None) -> Rows:
        """What reads these of the days; default: all."""
        wanted = self.stamps if days is None else set(days)
        closed = {day: numbers for day, numbers in self._split.versions.items() if numbers and day in wanted}
        opened = [day for day in self._split.open if day in wanted]
        raw = _stretches([day for day in self._split.raw if day in wanted])
        between = Dates(min(closed), max(closed)) if closed else None
        # Readers share a run, and reuse an answer, when all parameters are equal: what has changed must not be.
        told = [self._split.stamps[day] for day in self._split.raw if day in wanted]
        state = {f"{self._daily.table}_state": repr(told)} if told else {}
        sql, params = self._daily.select(between, bool(opened), raw, self._zone, self._project)
        versions = Versions(number for numbers in closed.values() for number in numbers)
        if self._opened is not None:
            versions.held = (self._opened,)
            versions.extend(map(self._opened.version, opened))
        return Rows(sql, {**params, **state, "versions": versions}, self.late, versions, not raw)


class Days:
    """Belongs to one event loop; the store is asked on a thread of its own.

    ``touched`` hears of every commit. Closed days are read from their table, a few that were touched since from raw
    events, open ones as ``OpenDays`` computed them (``reuse`` and ``ready`` as there). ``run`` computes closed days
    until cancelled. After a crash a day is known to be dirty by its number of events, which only ever grows.
    ``persons`` (blocking) tells which users by number are whom.
    """

    def __init__(
        self,
        store: Store,
        zone: str,
        clock: Clock,
        daily: Sequence[Daily] = DAILY,
        persons: Callable[[], Mapping[int, int]] = dict,
        reuse: float = 0.0,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.zone = ZoneInfo(zone)
        self._clock = clock
        self._daily = {one.table: one for one in daily}
        self._store = DayStore(store, self.zone, daily)
        self._open = OpenDays(self._store, clock, self._reserve, reuse, ready)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="days")
        self._persons = persons
        self._unmerged = True
        self._loading: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._projects: set[int] = set()
        self._first: date | None = None  # with events
        self._earliest: date | None = None  # that such a day reaches to
        self._newest: date | None = None
        self._last = 0
        self.past = 0
        """Moves when events of days that are over come, or users turn out to be one person: while it stays, so does
        what rests on such days alone."""
        self._versions: dict[Key, int] = {}
        self._pending: dict[Key, int] = {}  # how often each day was touched since it was last computed
        self._computed: dict[Key, float] = {}
        self._old: deque[tuple[float, str, int]] = deque()
        self._asked: dict[tuple[str, Dates, int, Dates], _Split] = {}

    def today(self) -> date:
        """The local day that is still going on."""
        return calendar.local(self._clock.now(), self.zone)

    def now(self) -> datetime:
        """The present."""
        return self._clock.now()

    def closed(self, daily: Daily, day: date) -> bool:
        """Whether the day is over, and so is the time after it that its rows depend on."""
        return self._clock.now() >= calendar.begin(day + DAY, self.zone) + daily.ahead

    def touched(self, days: Iterable[tuple[int, date]], begun: Iterable[tuple[int, date]] = ()) -> None:
        """Events of these projects and local days have become queryable; sessions ``begun`` long before, or after."""
        today = self.today()
        for project, day in days:
            self.past += day < today
            self._projects.add(project)
            self._first = min(self._first or day, day)
            for daily in self._daily.values():
                for near in daily.read_by(Dates(day, day), self.zone):
                    self._mark((daily.table, project, near))
        for project, day in begun:
            for daily in self._daily.values():
                if daily.begun:
                    for near in daily.read_by(Dates(day, day), self.zone):
                        self._mark((daily.table, project, near))
        self._open.moved()
        self._asked.clear()
        self._woken.set()

    async def first(self) -> date | None:
        """The first local day of which any event is known; None without events."""
        await self.loaded()
        return self._first

    async def rows(self, daily: Daily, dates: Dates, project: int = 0) -> Rows:
        """The days ``dates`` of one project (0 = all), each from its table, from raw events or as an open day."""
        return (await self.state(daily, dates, project)).rows()

    async def state(self, daily: Daily, dates: Dates, project: int = 0) -> State:
        """The days ``dates`` of one project (0 = all) as they are just now."""
        await self.loaded()
        unfinished = self._unfinished(daily)
        asked = daily.table, dates, project, unfinished
        if asked not in self._asked:
            self._asked[asked] = self._split(daily, dates, project, unfinished.first)
        split, opened = self._asked[asked], None
        if split.open:
            opened, behind = await self._open.get(daily, project, unfinished)
            if behind:
                split = split._replace(late=sorted([*split.late, *split.open]))
        return State(daily, self.zone, project, split, opened)

    async def held(self, daily: Daily, dates: Dates, project: int = 0) -> dict[date, list[int]]:
        """Versions of closed days that the table holds as they are now; the others are read elsewhere."""
        await self.loaded()
        projects = {project} if project else self._projects
        found: dict[date, list[int]] = {}
        for day in Dates(max(dates.first, self._earliest or dates.last), dates.last):
            keys = [(daily.table, one, day) for one in projects]
            numbers = [self._versions[key] for key in keys if key in self._versions]
            if numbers and not any(key in self._pending for key in keys):
                found[day] = numbers
        return found

    async def loaded(self) -> None:
        """Wait until it is known which days the tables hold."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(), name="days: load")
        try:
            await asyncio.shield(self._loading)
        except LopanError:
            self._loading = None
            raise

    async def run(self) -> None:
        """Compute closed days that are not as they should be, newest first, keep open ones ready; until cancelled."""
        keeping = asyncio.create_task(self._open.keep(), name="open days: keep")
        try:
            await self._recompute()
        finally:
            keeping.cancel()

    async def _recompute(self) -> None:
        loop = asyncio.get_running_loop()
        computed = 0
        while True:
            self._woken.clear()
            started = loop.time()
            try:
                await self.loaded()
                if self._unmerged:
                    await self._merge()
                key = self._next()
                if key is not None:
                    await self._compute(key)
                await self._sweep()
            except LopanError as error:
                log.warning("days can't be computed, trying again in %g s: %s", _RETRY_SECONDS, error)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if key is None:
                await asyncio.sleep(_IDLE_SECONDS)
                await _within(self._woken, _IDLE_SECONDS)
                continue
            computed += 1
            if computed % _TOLD == 0:
                log.info("computed %d days, %d are left", computed, len(self._due()))
            await asyncio.sleep(DUTY * (loop.time() - started))

    async def settle(self, project: int = 0, most: int | None = None) -> int:
        """Compute closed days that are due now (of one project, 0 = all), without rests; returns how many."""
        await self.loaded()
        due = [key for key in self._due() if project in (0, key[1])][:most]
        for key in due:
            await self._compute(key)
        return len(due)

    @property
    def due(self) -> int:
        """How many closed days are not as they should be."""
        return len(self._due())

    def merged(self) -> None:
        """Some users turned out to be one person: what ``persons`` says has changed."""
        self._unmerged = True
        self._woken.set()

    async def merge(self) -> int:
        """Make users the persons they are; their days are computed again. Returns how many users that concerns."""
        await self.loaded()
        return await self._merge()

    def close(self) -> None:
        """Take no more work; what runs ends by itself."""
        self._open.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _unfinished(self, daily: Daily) -> Dates:
        """All days that are not closed."""
        first = calendar.local(self._clock.now() - daily.ahead, self.zone)
        return Dates(first, max(self.today(), self._newest or first))

    def _split(self, daily: Daily, dates: Dates, project: int, unfinished: date) -> _Split:
        projects = [project] if project else sorted(self._projects)
        raw: list[date] = []
        open_: list[date] = []
        late: list[date] = []
        versions: dict[date, list[int]] = {}
        for day in Dates(max(dates.first, self._earliest or dates.last), dates.last):
            keys = [(daily.table, one, day) for one in projects]
            waiting = [key for key in keys if key in self._pending]
            if waiting and day >= unfinished:
                open_.append(day)
                continue
            if waiting and any(key not in self._versions for key in waiting):
                raw.append(day)
                continue
            if waiting:
                late.append(day)
            versions[day] = [self._versions[key] for key in keys if key in self._versions]
        if len(late) <= LATE_RAW:
            raw, late = sorted(raw + late), []
        stamps: dict[date, Stamp] = {day: tuple(numbers) for day, numbers in versions.items()}
        for day in raw:
            versions.pop(day, None)
            keys = [(daily.table, one, day) for one in projects]
            stamps[day] = tuple((self._versions.get(key, 0), self._pending.get(key, 0)) for key in keys)
        return _Split(versions, raw, late, open_, stamps)

    def _reserve(self, number: int) -> int:
        self._last += number
        return self._last - number + 1

    def _mark(self, key: Key) -> None:
        self._pending[key] = self._pending.get(key, 0) + 1
        self._earliest = min(self._earliest or key[2], key[2])
        self._newest = max(self._newest or key[2], key[2])

    def _due(self) -> list[Key]:
        """Closed days to be computed: those that no version stands for first, then newest first."""
        due = [key for key in self._pending if self.closed(self._daily[key[0]], key[2])]
        return sorted(due, key=lambda key: (key in self._versions, -key[2].toordinal(), key))

    def _next(self) -> Key | None:
        now = asyncio.get_running_loop().time()
        return next(
            (key for key in self._due() if now - self._computed.get(key, -AGAIN_SECONDS) >= AGAIN_SECONDS), None
        )

    async def _compute(self, key: Key) -> None:
        table, project, day = key
        touches = self._pending.get(key)
        version = self._reserve(1)
        await self._call(partial(self._store.compute, self._daily[table], project, day, version))
        now = asyncio.get_running_loop().time()
        if key in self._versions:
            self._old.append((now, table, self._versions[key]))
        self._versions[key] = version
        self._computed[key] = now
        if self._pending.get(key) == touches:
            self._pending.pop(key, None)
        self._asked.clear()

    async def _merge(self) -> int:
        self._unmerged = False
        try:
            fresh, days = await self._call(self._merge_now)
        except BaseException:
            self._unmerged = True
            raise
        self.touched(days)
        self.past += fresh
        return fresh

    def _merge_now(self) -> tuple[int, set[tuple[int, date]]]:
        known = self._store.merged()
        fresh = {user: person for user, person in self._persons().items() if known.get(user) != person}
        if not fresh:
            return 0, set()
        days = self._store.days_of(sorted({*fresh, *fresh.values()}))
        outdated = {
            (project, near)
            for project, day in days
            for daily in self._daily.values()
            for near in daily.read_by(Dates(day, day), self.zone)
        }
        self._store.merge(fresh, outdated)
        return len(fresh), days

    async def _load(self) -> None:
        """Days that have more events than when they were computed, or were computed otherwise, are dirty."""
        await self._merge()
        found = await self._call(self._store.find)
        self._last = max(self._last, found.last)
        for (project, day), number in found.events.items():
            self._projects.add(project)
            if not number:
                continue
            self._first = min(self._first or day, day)
        for daily in self._daily.values():
            definition = daily.definition(self.zone)
            counted: dict[Key, int] = {}
            for (table, project, day), version in found.versions.items():
                if table == daily.table and version.definition == definition:
                    key = table, project, day
                    counted[key] = version.events
                    self._versions.setdefault(key, version.number)
                    self._projects.add(project)
                    self._earliest = min(self._earliest or day, day)
            events = dict(found.events)
            if daily.begun:
                events |= {key: events.get(key, 0) + number for key, number in found.begun.items()}
            for project, day in events:
                for near in daily.read_by(Dates(day, day), self.zone):
                    reads = daily.reads(Dates(near, near), self.zone)
                    key = daily.table, project, near
                    if sum(events.get((project, one), 0) for one in reads) > counted.get(key, 0):
                        self._mark(key)
        self._asked.clear()
        self._woken.set()

    async def _sweep(self) -> None:
        """Delete rows of versions that nothing reads any more, many at a time."""
        now = asyncio.get_running_loop().time()
        gone = [one for one in self._old if now - one[0] > _GRACE_SECONDS]
        if len(gone) < _KEPT:
            return
        for table in self._daily:
            versions = [version for _, name, version in gone if name == table]
            if versions:
                await self._call(partial(self._store.delete, table, versions))
        for _ in gone:
            self._old.popleft()

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _stretches(days: Sequence[date]) -> list[Dates]:
    """Days in order as runs of consecutive ones."""
    runs: list[Dates] = []
    for day in days:
        if runs and day == runs[-1].last + DAY:
            runs[-1] = Dates(runs[-1].first, day)
        else:
            runs.append(Dates(day, day))
    return runs


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
