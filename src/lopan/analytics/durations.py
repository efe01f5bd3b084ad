"""Durations of sessions in order: how many, their sum and exact median, of one list or of several together."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

LONGEST_MS = 86_400_000
"""A session ends 24 hours after its begin."""


class SessionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in seconds; None without sessions. ``*_without`` leaves out the ``singles``, sessions of one event."""

    number: int
    singles: int
    mean: float | None
    median: float | None
    mean_without: float | None
    median_without: float | None


class Durations(msgspec.Struct, frozen=True):
    """``sorted`` in ms, each up to LONGEST_MS; ``singles`` of them are sessions of one event, which lasted 0."""

    sorted: npt.NDArray[np.uint32]
    singles: int
    total: int

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self.sorted.nbytes + 200


NONE = SessionFigures(number=0, singles=0, mean=None, median=None, mean_without=None, median_without=None)


def durations(ms: npt.NDArray[np.uint32], singles: int) -> Durations:
    """Durations in any order."""
    return Durations(np.sort(ms), singles, int(ms.sum(dtype=np.uint64)))


def merged(parts: Sequence[Durations]) -> Durations:
    """All of them in one list."""
    if len(parts) == 1:
        return parts[0]
    together = np.concatenate([part.sorted for part in parts])
    together.sort()
    return Durations(together, sum(part.singles for part in parts), sum(part.total for part in parts))


def figures(parts: Sequence[Durations]) -> SessionFigures:
    """The figures of all of them together, exact, without putting them into one list."""
    number, singles = sum(len(part.sorted) for part in parts), sum(part.singles for part in parts)
    if not number:
        return NONE
    total, longer = sum(part.total for part in parts) / 1_000, number - singles
    return SessionFigures(
        number=number,
        singles=singles,
        mean=total / number,
        median=_median(parts, 0, number),
        mean_without=total / longer if longer else None,
        median_without=_median(parts, singles, number) if longer else None,
    )


def _median(parts: Sequence[Durations], first: int, end: int) -> float:
    """Of those with ranks from ``first`` to before ``end``, in s: the middle one, or the mean of the two."""
    low, high = (first + end - 1) // 2, (first + end) // 2
    value = _ranked(parts, low)
    other = value if low == high else _ranked(parts, high)
    return (value + other) / 2_000


def _ranked(parts: Sequence[Durations], rank: int) -> int:
    """The duration before which, in order, there are ``rank`` others."""
    low, high = 0, LONGEST_MS
    while low < high:
        middle = (low + high) // 2
        at = np.uint32(middle)
        if sum(int(part.sorted.searchsorted(at, "right")) for part in parts) > rank:
            high = middle
        else:
            low = middle + 1
    return low
