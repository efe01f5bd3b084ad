"""The simulated business in whole, as tables of plain arrays; days are relative to the day of the first start."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.demo.factory.telling import told
from lopan.demo.factory.world import World
from lopan.demo.fleet import DAY_MS, fleet

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Values = NDArray[Any]


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Business:
    def __init__(self, now: datetime, seed: int = 7, scale: int = 1) -> None:
        self.now = milliseconds(now)
        self.world = World(fleet(seed, now.date()), scale)
        self.table = cache(self._table)
        self.column = cache(self._column)

    def _table(self, fact: str) -> pa.Table:
        return pa.Table.from_batches(list(told(self.world, fact, 0, self.now))).combine_chunks()

    def _column(self, fact: str, name: str) -> Values:
        """Times in ms and days since 1970 with -1 for unknown, money and numbers as floats with NaN, else objects."""
        column = self.table(fact)[name]
        kind = column.type
        if pa.types.is_timestamp(kind):
            return np.asarray(column.cast(pa.int64()).fill_null(-1))
        if pa.types.is_date(kind):
            return np.asarray(column.cast(pa.int32()).cast(pa.int64()).fill_null(-1))
        if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
            return np.asarray(column.cast(pa.float64()).fill_null(float("nan")))
        return np.array(column.to_pylist(), dtype=object)

    def days(self, fact: str, name: str) -> Values:
        """Days after the anchor of a time or a day."""
        values = self.column(fact, name)
        whole = values if pa.types.is_date(self.table(fact)[name].type) else values // DAY_MS
        return np.where(values < 0, 10**6, whole - self.world.anchor)

    def within(self, fact: str, name: str, low: int, high: int) -> Values:
        days = self.days(fact, name)
        return (days >= low) & (days < high)
