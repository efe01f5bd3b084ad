"""Who used what on which days, as sets of users' numbers in memory: what adoption is counted from."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from pyroaring import BitMap

from lopan.analytics.active import NOBODY, bitmaps, size_of, union
from lopan.analytics.audience import Axis
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, Daily, over
from lopan.analytics.days import Days, Rows
from lopan.analytics.kept import Kept, Parts
from lopan.store import Readers

_SET_BYTES = 700
Key = tuple[str, str]
"""A feature ('' = people without one) and a value of the axis."""


class Used(NamedTuple):
    """Who used it with success, who tried it, and how many times it was used."""

    done: BitMap
    tried: BitMap
    uses: int


class Windows(NamedTuple):
    """Who succeeded by window, who tried by week, and uses within the first window."""

    done: tuple[BitMap, ...]
    tried: tuple[BitMap, ...]
    uses: int


EMPTY = Windows((NOBODY,) * 3, (NOBODY,) * 4, 0)
"""Three windows and four weeks of nobody."""


class Choice(NamedTuple):
    """The rows of one axis, of all its values or only of ``names``."""

    axis: Axis
    names: tuple[str, ...] = ()


class Users(NamedTuple):
    """Sets by choice, day and key; two with equal stamps are equal."""

    days: dict[Choice, dict[date, dict[Key, Used]]]
    stamp: Hashable
    late: list[date]


class Adopters:
    """Reads the daily bitmaps of a table; what was read stays at hand until the day changes."""

    def __init__(self, days: Days, readers: Readers, daily: Daily, kept: Kept) -> None:
        self._days = days
        self._readers = readers
        self._daily = daily
        self._kept = kept

    async def users(self, dates: Dates, project: int, choices: Collection[Choice]) -> Users:
        """The sets of each choice; those of days that are over do not wait for those of today."""
        last = min(dates.last, self._days.today() - DAY)
        halves = (Dates(dates.first, last), Dates(max(last + DAY, dates.first), dates.last))
        read = await asyncio.gather(*(self._half(one, project, choices) for one in halves if one))
        found: dict[Choice, dict[date, dict[Key, Used]]] = {one: {} for one in choices}
        for parts, _ in read:
            for choice, part in parts.items():
                found[choice] |= part.values
        stamp = tuple(part.newest(part.numbers) for parts, _ in read for part in parts.values())
        return Users(found, stamp, sorted({day for _, late in read for day in late}))

    async def _half(
        self, dates: Dates, project: int, choices: Collection[Choice]
    ) -> tuple[dict[Choice, Parts[dict[Key, Used]]], list[date]]:
        state = await self._days.state(self._daily, dates, project)
        table = self._daily.table
        parts = await asyncio.gather(
            *(self._kept.days((table, project, one), state, partial(self._load, one)) for one in choices)
        )
        return dict(zip(choices, parts, strict=True)), state.late

    async def _load(self, choice: Choice, rows: Rows) -> dict[date, tuple[dict[Key, Used], int]]:
        sql = over("people", rows.sql, "feature_people") if self._daily is PEOPLE else rows.sql
        params = {**rows.params, "axis": choice.axis, "names": choice.names}
        table = await self._readers.rows(over("used", sql, "feature_sets"), params)

        def decode() -> dict[date, tuple[dict[Key, Used], int]]:
            keys = zip(*(table.column(name).to_pylist() for name in ("day", "feature", "name", "uses")), strict=True)
            sets = zip(bitmaps(table.column("done")), bitmaps(table.column("tried")), strict=True)
            found: dict[date, dict[Key, Used]] = {}
            for (day, feature, name, uses), (done, tried) in zip(keys, sets, strict=True):
                found.setdefault(day, {})[feature, name] = Used(done, tried, uses)
            return {day: (mine, _size(mine.values())) for day, mine in found.items()}

        return await asyncio.to_thread(decode)


def windows(days: Mapping[date, Mapping[Key, Used]], last: date, bits: Sequence[int]) -> dict[Key, Windows]:
    """``bits``, by days back from ``last``: in which windows a day lies (0-2) and in which week (3-6)."""
    done: dict[Key, dict[int, list[BitMap]]] = {}
    tried: dict[Key, dict[int, list[BitMap]]] = {}
    uses: dict[Key, int] = {}
    for day, keys in days.items():
        at = bits[(last - day).days]
        for key, used in keys.items():
            done.setdefault(key, {}).setdefault(at & 7, []).append(used.done)
            tried.setdefault(key, {}).setdefault(at >> 3, []).append(used.tried)
            uses[key] = uses.get(key, 0) + used.uses * (at & 1)
    return {key: Windows(_united(done[key], 3), _united(tried[key], 4), uses[key]) for key in done}


def joined(parts: Sequence[Windows]) -> Windows:
    """All of them together."""
    if len(parts) < 2:
        return parts[0] if parts else EMPTY
    return Windows(
        tuple(map(union, zip(*(part.done for part in parts), strict=True))),
        tuple(map(union, zip(*(part.tried for part in parts), strict=True))),
        sum(part.uses for part in parts),
    )


def cut(whole: Windows, part: Windows) -> Windows:
    """Those of ``whole`` who are in the same window of ``part`` too; uses stay as they are."""
    return Windows(
        tuple(one & other for one, other in zip(whole.done, part.done, strict=True)),
        tuple(one & other for one, other in zip(whole.tried, part.tried, strict=True)),
        whole.uses,
    )


def counts(whose: Windows) -> dict[str, int]:
    """People by window (now, closed, before, both of these), and of the weeks: tried, could return, returned."""
    now, closed, before = whose.done
    first, second, third, fourth = whose.tried
    early = union((first, second, third))
    again = ((first | second) & third) | (first & second) | (early & fourth)
    return {
        "times": whose.uses,
        "now": len(now),
        "closed": len(closed),
        "before": len(before),
        "both": closed.intersection_cardinality(before),
        "tried": early.union_cardinality(fourth),
        "could_return": len(early),
        "returned": len(again),
    }


def _united(by_bits: Mapping[int, list[BitMap]], number: int) -> tuple[BitMap, ...]:
    """Each day's set is united once with those that lie in the same windows, then these for each window."""
    once = {at: union(sets) for at, sets in by_bits.items() if at}
    return tuple(union(one for at, one in once.items() if at >> bit & 1) for bit in range(number))


def _size(used: Iterable[Used]) -> int:
    return sum(_SET_BYTES + size_of(one.done) + size_of(one.tried) for one in used)
