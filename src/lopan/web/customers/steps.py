"""Geometry of the curve of time to value: days since the start to the right, the share that got there upwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from lopan.analytics.business.timetovalue import MARKS, Group, Journey

HEIGHT: Final = 220.0
SHARES: Final = (0, 25, 50, 75, 100)
_TICKS: Final = 7
"""Ticks on the axis of days at most."""
_STEP: Final = 30


class Piece(msgspec.Struct, frozen=True):
    """The share from one day to the next on which it rises; ``x`` in percent of the width, heights in pixels.

    ``low`` and ``high`` bound it at 95 %; ``rise`` is the height that the share came from.
    """

    day: int
    until: int
    share: float
    at_risk: int
    x: float
    width: float
    y: float
    low: float
    high: float
    rise: float


class Censored(msgspec.Struct, frozen=True):
    """So many accounts were looked at no longer than ``day``, and were not there yet."""

    day: int
    count: int
    x: float
    y: float


class Steps(msgspec.Struct, frozen=True):
    """The curve up to the longest that anybody was followed; ticks by what they say, ``median`` as (x, y).

    ``at_risk``: how many accounts were looked at on the day of each tick and had not got there before.
    """

    pieces: list[Piece]
    censored: list[Censored]
    shares: dict[int, float]
    days: dict[int, float]
    at_risk: dict[int, int]
    median: tuple[float, float] | None


def steps(group: Group, journeys: Iterable[Journey]) -> Steps:
    """Place the estimate of ``group`` and the ``journeys`` it is made of."""
    extent = max(MARKS[-1], -(-group.followed // _STEP) * _STEP)
    every = _STEP * -(-extent // (_STEP * _TICKS))
    pieces = _pieces(group, extent)
    known = [one for one in journeys if one.followed]
    ticks = range(0, extent + 1, every)
    waited = Counter(one.days or 0 for one in known if one.state in ("waiting", "left"))
    return Steps(
        pieces=pieces,
        censored=[Censored(day, count, _right(day, extent), _on(pieces, day)) for day, count in sorted(waited.items())],
        shares={share: _height(share / 100) for share in SHARES},
        days={day: _right(day, extent) for day in ticks},
        at_risk={day: sum((one.days or 0) >= day for one in known) for day in ticks},
        median=None if group.median is None else (_right(group.median, extent), _height(0.5)),
    )


def _pieces(group: Group, extent: int) -> list[Piece]:
    made: list[Piece] = []
    known = [
        (0, 0.0, 0.0, 0.0, group.n),
        *((one.day, one.share, one.low, one.high, one.at_risk) for one in group.steps),
    ]
    ends = [day for day, *_ in known[1:]] + [group.followed]
    before = HEIGHT
    for (day, share, low, high, at_risk), until in zip(known, ends, strict=True):
        x, y = _right(day, extent), _height(share)
        width = round(_right(until, extent) - x, 2)
        made.append(Piece(day, until, share, at_risk, x, width, y, _height(low), _height(high), before))
        before = y
    return made


def _on(pieces: Iterable[Piece], day: int) -> float:
    return next(piece.y for piece in reversed(list(pieces)) if piece.day <= day)


def _height(share: float) -> float:
    return round(HEIGHT * (1 - share), 1)


def _right(day: int, extent: int) -> float:
    return round(100 * day / extent, 2)
