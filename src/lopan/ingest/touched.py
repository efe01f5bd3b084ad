"""Which projects and local days the rows of a segment belong to, in time that does not show beside their insert."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

QUARTER_MS = 900_000
"""Local days begin at a whole quarter of an hour of UTC, in every zone there is today."""

APART_MS = 23 * 3_600_000
"""A session that began longer than this before its report, or after it, touches the day on which it began, too."""

OLDEST_MS, AHEAD_MS = 400 * 86_400_000, 2 * 86_400_000
"""A begin further back, or further ahead of its report, is not believed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = 100_000

Numbers = npt.NDArray[np.int64]


class Touched:
    """Remembers the local day of every quarter of an hour it has met; belongs to one thread."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._days: dict[int, date] = {}

    def __call__(self, rows: pa.Table) -> frozenset[tuple[int, date]]:
        """(project, local day) of every row."""
        if not rows.num_rows:
            return frozenset()
        return self._days_of(_projects(rows), _milliseconds(rows, "time"))

    def begun(self, rows: pa.Table) -> frozenset[tuple[int, date]]:
        """(project, local day) of the begin of sessions that lies far from their report."""
        if not rows.num_rows or "started" not in rows.column_names:
            return frozenset()
        at, began = _milliseconds(rows, "time"), _milliseconds(rows, "started")
        late = at - began
        apart = (began > 0) & ((late > APART_MS) | (late < 0)) & (late < OLDEST_MS) & (late > -AHEAD_MS)
        return self._days_of(_projects(rows)[apart], began[apart]) if apart.any() else frozenset()

    def _days_of(self, projects: Numbers, moments: Numbers) -> frozenset[tuple[int, date]]:
        # Neighbours mostly agree, so most rows are gone before the costly part.
        both = (projects << 32) + moments // QUARTER_MS
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


def _projects(rows: pa.Table) -> Numbers:
    numbers: Numbers = rows.column("project").to_numpy().astype(np.int64)
    return numbers


def _milliseconds(rows: pa.Table, name: str) -> Numbers:
    numbers: Numbers = rows.column(name).cast(pa.int64()).to_numpy()
    return numbers
