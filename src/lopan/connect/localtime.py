"""Local times of a zone to UTC, for whole columns.

A local time that a zone has twice or not at all (clocks set back or forward) is read with the offset that held before
the change: the earlier of the two, or as if the clock had not been set forward yet. So does Python with ``fold=0``.
Before 1900 and after 2299 the offset stays what it was at the edge; no fact takes such times.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Microseconds = NDArray[np.int64]
_FIRST, _LAST = 1900, 2299
_STEP = timedelta(hours=6)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Local(NamedTuple):
    """Microseconds since 1970 in UTC, and which of the local times were there twice or not at all."""

    utc: Microseconds
    twice: NDArray[np.bool_]
    never: NDArray[np.bool_]


def to_utc(local: Microseconds, zone: ZoneInfo) -> Local:
    """``local`` are microseconds since 1970 on the wall clock."""
    at, offsets = _around(local, zone)
    if at.size == 0:
        nothing = np.zeros(local.size, bool)
        return Local(local - offsets[0], nothing, nothing)
    before, after = offsets[:-1], offsets[1:]
    index = np.searchsorted(at + np.maximum(before, after), local, side="right")
    following = np.minimum(index, at.size - 1)
    inside = (index < at.size) & (local >= (at + np.minimum(before, after))[following])
    back = (after < before)[following]
    return Local(local - offsets[index], inside & back, inside & ~back)


def to_local(utc: Microseconds, zone: ZoneInfo) -> Microseconds:
    """What the wall clock showed, in microseconds since 1970."""
    at, offsets = _around(utc, zone)
    found: Microseconds = utc + offsets[np.searchsorted(at, utc, side="right")]
    return found


def _around(times: Microseconds, zone: ZoneInfo) -> tuple[Microseconds, Microseconds]:
    """The changes of offset around ``times`` and the offsets, of which there is one more."""
    if times.size == 0:
        return _changes(zone.key, 2000, 2000)
    edges = np.array([times.min(), times.max()]).astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970
    first, last = np.clip(edges + np.array([-1, 1]), _FIRST, _LAST)
    return _changes(zone.key, int(first), int(last))


@lru_cache(maxsize=64)
def _changes(key: str, first: int, last: int) -> tuple[Microseconds, Microseconds]:
    years = [_year(key, year) for year in range(first, last + 1)]
    found = [change for _, changes in years for change in changes]
    offsets = [years[0][0], *(offset for _, offset in found)]
    return np.array([at for at, _ in found], np.int64), np.array(offsets, np.int64)


@lru_cache(maxsize=2_048)
def _year(key: str, year: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The offset at which a year in UTC begins, and its changes as (moment, new offset), in microseconds."""
    zone = ZoneInfo(key)
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    begin = known = _offset(zone, at)
    found = []
    while at < end:
        following = min(at + _STEP, end)
        offset = _offset(zone, following)
        if offset != known:
            found.append((_change(zone, at, following), offset))
            known = offset
        at = following
    return begin, tuple(found)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> int:
    """The second at which the offset changed between the two."""
    offset = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
    return (after - _EPOCH) // timedelta(microseconds=1)


def _offset(zone: ZoneInfo, at: datetime) -> int:
    found = at.astimezone(zone).utcoffset()
    assert found is not None
    return found // timedelta(microseconds=1)
