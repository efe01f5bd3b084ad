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
    """``fine`` stretches must be read row by row, ``whole`` ones may come from sums by half hour, ``days`` by day."""

    fine: list[Stretch]
    whole: list[Stretch]
    days: list[Stretch]


def cut(stretches: Iterable[Stretch], halves: bool, days: Iterable[Stretch] = ()) -> Cut:
    """Stretches that follow each other, cut at half hours of UTC if ``halves``; pieces that touch are one.

    Of ``days``, in order and each a whole number of half hours long, those that lie within a stretch are cut out.
    """
    found = Cut([], [], [])
    known = list(days) if halves else []
    for start, end in stretches:
        if not halves or _down(end) <= _up(start):
            _append(found.fine, start, end)
            continue
        at = _up(start)
        _append(found.fine, start, at)
        for begin, until in known:
            if at <= begin and until <= end:
                _append(found.whole, at, begin)
                _append(found.days, begin, until)
                at = until
        _append(found.whole, at, _down(end))
        _append(found.fine, _down(end), end)
    return found


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


def _down(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // _GRAIN_S * _GRAIN_S, UTC)


def _up(moment: datetime) -> datetime:
    return datetime.fromtimestamp(-(-moment.timestamp() // _GRAIN_S) * _GRAIN_S, UTC)
