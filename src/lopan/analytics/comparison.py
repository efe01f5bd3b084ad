"""Two sides of one figure: how far apart, how sure, and the second line laid over the first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, time
from math import erfc, sqrt
from zoneinfo import ZoneInfo

from lopan.analytics.metric import Point, Trend, Verdict

SIGNIFICANT = 0.05
DAY = 86_400
_VERDICTS: dict[Trend, Verdict] = {
    "improving": "better",
    "worsening": "worse",
    "stable": "no clear difference",
    "unknown": "unknown",
}


def p_value(z: float) -> float:
    """Two-sided p of a standard normal ``z``."""
    return erfc(abs(z) / sqrt(2))


def verdict(trend: Trend) -> Verdict:
    """The word for a difference that was tested as a trend is."""
    return _VERDICTS[trend]


def first_bucket(start: datetime, step: int, zone: str) -> int:
    """When the bucket begins that holds ``start``, in epoch seconds; buckets of a day begin at midnight of ``zone``."""
    if step < DAY:
        return int(start.timestamp()) // step * step
    local = start.astimezone(ZoneInfo(zone))
    return int(datetime.combine(local.date(), time(), local.tzinfo).timestamp())


def shift(start: datetime, other: datetime, step: int, zone: str) -> int:
    """Seconds from the first bucket of the other side to the first one of this side."""
    return first_bucket(start, step, zone) - first_bucket(other, step, zone)


def laid_over(series: Sequence[Point], other: Sequence[Point], shift: int, step: int) -> list[Point | None]:
    """The point of ``other`` for each of ``series``, None where the other side has no bucket there.

    Days are found though one of them has 23 or 25 hours: what is nearest, within half a step, belongs together.
    """
    times = [point.t.timestamp() + shift for point in other]
    return [_nearest(point.t.timestamp(), times, other, step / 2) for point in series]


def _nearest(at: float, times: Sequence[float], points: Sequence[Point], reach: float) -> Point | None:
    after = bisect_left(times, at)
    near = [index for index in (after - 1, after) if 0 <= index < len(times) and abs(times[index] - at) < reach]
    return points[min(near, key=lambda index: abs(times[index] - at))] if near else None
