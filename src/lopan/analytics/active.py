"""Who was active on which days, as sets of users' numbers in memory: what figures of people are counted from."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import accumulate, islice, pairwise

import pyarrow as pa
from pyroaring import BitMap

from lopan.analytics.audience import Axis
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.days import Days, Rows
from lopan.analytics.kept import Kept, Parts
from lopan.store import Readers

NOBODY = BitMap()


class Crowd:
    """People of consecutive ``dates``: all of them, those a filter leaves, and those ever seen before the first day.

    Nothing of what it gives may be changed in place. Made and used by one task: windows asked for are remembered.
    """

    def __init__(
        self, dates: Dates, before: BitMap, everybody: Mapping[date, BitMap], part: Mapping[date, BitMap]
    ) -> None:
        self.dates = dates
        self._before = before
        self._everybody = everybody
        self._part = part
        self._windows: dict[tuple[bool, date, int], BitMap] = {}

    def everybody(self, last: date, days: int = 1) -> BitMap:
        """Who was active in the ``days`` days that end with ``last``; they must lie in ``dates``."""
        return self._window(self._everybody, True, last, days)

    def part(self, last: date, days: int = 1) -> BitMap:
        """The same, of those whom the filter leaves."""
        return self._window(self._part, False, last, days)

    def befores(self) -> Iterator[tuple[date, BitMap]]:
        """Every day in order with all who were ever active before it; the set is only good until the next day."""
        before = BitMap(self._before)
        for day in self.dates:
            yield day, before
            before |= self.everybody(day)

    def born(self, first: date) -> dict[date, BitMap]:
        """By day from ``first`` on those of the filter whose first day ever it was, if it leaves anybody that day."""
        return {day: self.part(day) - before for day, before in self.befores() if day in self._part and day >= first}

    def since(self, first: date) -> dict[date, BitMap]:
        """By day from ``first`` on who was active on it or on a later one."""
        found: dict[date, BitMap] = {}
        later = NOBODY
        for day in reversed([*Dates(first, self.dates.last)]):
            later = found[day] = later | self.everybody(day)
        return found

    def _window(self, days: Mapping[date, BitMap], whole: bool, last: date, length: int) -> BitMap:
        if length == 1:
            return days.get(last, NOBODY)
        key = whole, last, length
        if key not in self._windows:
            within = Dates(last - DAY * (length - 1), last)
            self._windows[key] = union(days[day] for day in within if day in days)
        return self._windows[key]


class Seen:
    """A crowd with what tells its days' state from any other, and the days whose latest events are not in it yet."""

    def __init__(self, crowd: Crowd, base: int, whole: Parts[BitMap], part: Parts[BitMap], late: list[date]) -> None:
        self.crowd = crowd
        self.late = late
        self._base = base
        self._numbers = {day: max(whole.numbers.get(day, 0), part.numbers.get(day, 0)) for day in crowd.dates}

    def newest(self) -> dict[date, int]:
        """By day what tells the state of it and all earlier ones, as far as they are among the days."""
        running = accumulate(self._numbers.values(), max, initial=self._base)
        return dict(zip(self._numbers, islice(running, 1, None), strict=True))


class Active:
    """Reads the daily bitmaps of people; what was read stays at hand until the day changes."""

    def __init__(self, days: Days, readers: Readers, kept: Kept) -> None:
        self._days = days
        self._readers = readers
        self._kept = kept

    async def seen(self, dates: Dates, project: int = 0, axis: Axis = "", name: str = "") -> Seen:
        """People of the days in one project (0 = all), and all who were ever active before them.

        The crowd begins with a month, so that those before it are read once a month, whatever days are asked for.
        """
        dates = Dates(dates.first.replace(day=1), dates.last)
        state = await self._days.state(PEOPLE, dates, project)
        whole = await self._kept.days(_question(project, "", ""), state, partial(self._load, "", ""))
        part = whole
        if axis:
            part = await self._kept.days(_question(project, axis, name), state, partial(self._load, axis, name))
        base, before = await self._before(dates.first, project)
        return Seen(Crowd(dates, before, whole.values, part.values), base, whole, part, state.late)

    async def _before(self, first: date, project: int) -> tuple[int, BitMap]:
        """Everybody ever active before ``first``, and the number of that entry."""
        state = await self._days.state(PEOPLE, Dates(date.min, first - DAY), project)

        async def read() -> tuple[BitMap, int]:
            rows = state.rows()
            table = await self._readers.rows(over("people", rows.sql, "active_ever"), rows.params)
            before = union(bitmaps(table.column("active")))
            return before, size_of(before)

        entry = await self._kept.once(("active before", project, first), state.stamp, read)
        return entry.number, entry.value

    async def _load(self, axis: Axis, name: str, rows: Rows) -> dict[date, tuple[BitMap, int]]:
        params = {**rows.params, "axis": axis, "name": name}
        table = await self._readers.rows(over("people", rows.sql, "active"), params)
        found = zip(table.column("day").to_pylist(), bitmaps(table.column("active")), strict=True)
        return {day: (active, size_of(active)) for day, active in found}


def union(sets: Iterable[BitMap]) -> BitMap:
    """Who is in any of them."""
    return BitMap.union(NOBODY, *sets)


def bitmaps(column: pa.ChunkedArray) -> Iterator[BitMap]:
    """Each list of numbers as a set."""
    for chunk in column.chunks:
        numbers, ends = chunk.values.to_numpy().tobytes(), chunk.offsets.to_pylist()
        for begin, end in pairwise(ends):
            yield BitMap(array("I", numbers[4 * begin : 4 * end]))


def size_of(active: BitMap) -> int:
    """Bytes in memory, about."""
    told = active.get_statistics()
    return told["n_bytes_array_containers"] + told["n_bytes_run_containers"] + told["n_bytes_bitset_containers"]


def _question(project: int, axis: Axis, name: str) -> Hashable:
    return "active", project, axis, name
