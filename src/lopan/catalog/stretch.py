"""Stretches of time as what reads them sees them: whole half hours, and the edges that are left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from lopan.store.base import Param

GRAIN = timedelta(minutes=30)
_GRAIN_S = GRAIN.total_seconds()

Stretch = tuple[datetime, datetime]


class Cut(NamedTuple):
    """The ``fine`` stretches must be read row by row, the ``whole`` ones may come from sums by half hour."""

    fine: list[Stretch]
    whole: list[Stretch]


def cut(stretches: Iterable[Stretch], halves: bool) -> Cut:
    """Stretches that follow each other, cut at half hours of UTC if ``halves``; pieces that touch are one."""
    fine: list[Stretch] = []
    whole: list[Stretch] = []
    for start, end in stretches:
        first, last = -(-start.timestamp() // _GRAIN_S) * _GRAIN_S, end.timestamp() // _GRAIN_S * _GRAIN_S
        if not halves or last <= first:
            _append(fine, start, end)
            continue
        begin, until = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
        _append(fine, start, begin)
        _append(whole, begin, until)
        _append(fine, until, end)
    return Cut(fine, whole)


def within(time: str, stretches: Sequence[Stretch], prefix: str, params: dict[str, Param]) -> str:
    """The condition that the column ``time`` lies in one of the stretches; fills in its parameters."""
    pieces = []
    for index, (start, end) in enumerate(stretches):
        name = f"{prefix}_{index}"
        params |= {f"{name}_start": start, f"{name}_end": end}
        pieces.append(f"({time} >= {{{name}_start:DateTime64(3)}} AND {time} < {{{name}_end:DateTime64(3)}})")
    return f"({' OR '.join(pieces)})"


def _append(stretches: list[Stretch], start: datetime, end: datetime) -> None:
    if start < end and stretches and stretches[-1][1] == start:
        stretches[-1] = stretches[-1][0], end
    elif start < end:
        stretches.append((start, end))
