"""How far a figure may be off: 95 % intervals and the test behind a trend."""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

Z95 = 1.959963984540054


class Interval(NamedTuple):
    """The true figure lies between ``low`` and ``high`` with 95 % confidence."""

    low: float
    high: float


def wilson(hits: float, n: float) -> Interval | None:
    """Wilson score interval of a share in 0-1; None without samples."""
    if n <= 0:
        return None
    share = min(max(hits / n, 0.0), 1.0)
    squared = Z95 * Z95
    centre = (share + squared / (2 * n)) / (1 + squared / n)
    half = Z95 / (1 + squared / n) * sqrt(share * (1 - share) / n + squared / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def normal(mean: float, total: float, squares: float, n: float) -> Interval | None:
    """Interval of a mean from the sums of values and of their squares; None below two samples."""
    error = standard_error(total, squares, n)
    return None if error is None else Interval(mean - Z95 * error, mean + Z95 * error)


def standard_error(total: float, squares: float, n: float) -> float | None:
    """Standard error of the mean; None below two samples."""
    if n < 2:
        return None
    variance = max(0.0, (squares - total * total / n) / (n - 1))
    return sqrt(variance / n)


def z_shares(hits: float, n: float, hits_before: float, n_before: float) -> float:
    """Two-proportion z of now against before; 0 when either is empty."""
    if n <= 0 or n_before <= 0:
        return 0.0
    pooled = (hits + hits_before) / (n + n_before)
    spread = pooled * (1 - pooled) * (1 / n + 1 / n_before)
    difference = hits / n - hits_before / n_before
    return difference / sqrt(spread) if spread > 0 else 0.0


def z_overlapping(hits: float, n: float, hits_before: float, n_before: float, both: float, n_both: float) -> float:
    """Partially overlapping samples z: ``n_both`` are in both samples, ``both`` of them hits in both.

    With nobody in both it is the two-proportion z, with the same people in both it is McNemar's.
    """
    if n <= 0 or n_before <= 0:
        return 0.0
    pooled = (hits + hits_before) / (n + n_before)
    shared = (both - n_both * pooled * pooled) / (n * n_before)
    spread = pooled * (1 - pooled) * (1 / n + 1 / n_before) - 2 * shared
    difference = hits / n - hits_before / n_before
    return difference / sqrt(spread) if spread > 1e-15 else 0.0


def z_means(difference: float, error: float | None, error_before: float | None) -> float:
    """Welch's z of a difference of means; without a known spread nothing is significant."""
    if error is None or error_before is None:
        return 0.0
    spread = sqrt(error * error + error_before * error_before)
    return difference / spread if spread > 0 else (0.0 if difference == 0 else inf * (1 if difference > 0 else -1))
