"""Which projects and local days the rows of a segment belong to, in time that does not show beside their insert."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

QUARTER_MS = 900_000
"""Local days begin at a whole quarter of an hour of UTC, in every zone there is today."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = 100_000


class Touched:
    """Remembers the local day of every quarter of an hour it has met; belongs to one thread."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._days: dict[int, date] = {}

    def __call__(self, rows: pa.Table) -> frozenset[tuple[int, date]]:
        """(project, local day) of every row."""
        if not rows.num_rows:
            return frozenset()
        quarters = rows.column("time").cast(pa.int64()).to_numpy() // QUARTER_MS
        projects = rows.column("project").to_numpy().astype(np.int64)
        # Neighbours mostly agree, so most rows are gone before the costly part.
        both = (projects << 32) + quarters
        fresh = np.ones(len(both), np.bool_)
        np.not_equal(both[1:], both[:-1], out=fresh[1:])
        return frozenset((one >> 32, self._day(one & 0xFFFFFFFF)) for one in set(both[fresh].tolist()))

    def _day(self, quarter: int) -> date:
        day = self._days.get(quarter)
        if day is None:
            if len(self._days) >= _KEPT:
                self._days.clear()
            moment = _EPOCH + timedelta(milliseconds=quarter * QUARTER_MS)
            day = self._days[quarter] = moment.astimezone(self._zone).date()
        return day
