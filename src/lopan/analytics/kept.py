"""What days came to, at hand in memory for exactly as long as nothing about them changes; the least used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

import pyarrow as pa

from lopan.analytics.days import Rows, State
from lopan.store import Param, Readers

MOST = 96 << 20
"""Bytes of memory for all that is kept."""

_OWN = 400
T = TypeVar("T")


class Entry(NamedTuple, Generic[T]):
    """Something kept; ``number`` is larger than that of whatever was kept before it."""

    stamp: Hashable
    value: T
    number: int
    size: int


class Parts(NamedTuple, Generic[T]):
    """By day what its rows came to, days without rows left out, and the number of that entry."""

    values: dict[date, T]
    numbers: dict[date, int]

    def newest(self, days: Iterable[date]) -> int:
        """What tells the state of these days from every other state of the same days."""
        return max((self.numbers.get(day, 0) for day in days), default=0)


class Kept:
    """Belongs to one event loop. A key has one entry, which counts for one ``stamp``: whatever makes it another answer.

    ``most`` in bytes; an entry is as large as whoever keeps it says.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: OrderedDict[Hashable, Entry[Any]] = OrderedDict()
        self._number = 0
        self.size = 0

    def get(self, key: Hashable, stamp: Hashable) -> Entry[Any] | None:
        """What is kept under that key, if it was kept with an equal stamp."""
        entry = self._entries.get(key)
        if entry is None or entry.stamp != stamp:
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, stamp: Hashable, value: T, size: int) -> Entry[T]:
        """Keep ``value``, of ``size`` bytes, in the place of what the key had."""
        before = self._entries.pop(key, None)
        self._number += 1
        entry = Entry(stamp, value, self._number, size + _OWN)
        self._entries[key] = entry
        self.size += entry.size - (before.size if before else 0)
        while self.size > self._most:
            self.size -= self._entries.popitem(last=False)[1].size
        return entry

    async def once(self, key: Hashable, stamp: Hashable, make: Callable[[], Awaitable[tuple[T, int]]]) -> Entry[T]:
        """What is kept under that key for that stamp, else what ``make`` gives, with its size."""
        entry = self.get(key, stamp)
        return self.put(key, stamp, *await make()) if entry is None else entry

    async def days(
        self,
        question: Hashable,
        state: State,
        load: Callable[[Rows], Awaitable[Mapping[date, tuple[T, int]]]],
        days: Iterable[date] | None = None,
    ) -> Parts[T]:
        """What each of the ``days`` (default: all) of ``state`` came to for one question.

        ``load`` gives those that are not kept, each with its size.

        Days that are not over are kept too, as long as no event overtakes them.
        """
        values: dict[date, T] = {}
        numbers: dict[date, int] = {}
        missing = []
        for day in state.stamps if days is None else days:
            stamp = state.stamps.get(day)
            if not stamp:
                continue
            entry = self.get((question, day), stamp)
            if entry is None:
                missing.append(day)
                continue
            numbers[day] = entry.number
            if entry.value is not None:
                values[day] = entry.value
        if missing:
            found = await load(state.rows(missing))
            for day in missing:
                value, size = found.get(day, (None, 0))
                numbers[day] = self.put((question, day), state.stamps[day], value, size).number
                if value is not None:
                    values[day] = value
        return Parts(values, numbers)

    async def answer(
        self, readers: Readers, sql: str, params: Mapping[str, Param], states: Iterable[State]
    ) -> pa.Table:
        """Rows of a SELECT over those days, asked again when one of them has changed."""
        own = tuple(sorted((name, repr(value)) for name, value in params.items() if name != "versions"))

        async def read() -> tuple[pa.Table, int]:
            table = await readers.rows(sql, params)
            return table, table.nbytes + len(sql)

        return (await self.once((sql, own), tuple(state.stamp for state in states), read)).value
