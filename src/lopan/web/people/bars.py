"""Geometry of stacked bars that the server draws: shares of the width, pixels of the height, nothing told by colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

_LABELS: Final = 5
_TICKS: Final = 4


class Piece(msgspec.Struct, frozen=True):
    """One kind within a bar: ``y`` and ``height`` in pixels."""

    kind: str
    value: float
    y: float
    height: float


class Bar(msgspec.Struct, frozen=True):
    """One period: ``x`` and ``width`` in percent of the plot; ``label`` is empty where there is no room for it."""

    name: str
    label: str
    x: float
    width: float
    partial: bool
    pieces: list[Piece]


class Tick(msgspec.Struct, frozen=True):
    """A line of the grid at ``y`` pixels."""

    y: float
    value: float


class Stack(msgspec.Struct, frozen=True):
    """Bars in order, ``height`` pixels high; ``zero`` is where those above and those below meet."""

    bars: list[Bar]
    ticks: list[Tick]
    zero: float
    height: float


class Column(msgspec.Struct, frozen=True):
    """What one bar shows: kinds from the axis up, and from the axis down, none of them negative."""

    name: str
    above: dict[str, float]
    below: dict[str, float]
    partial: bool = False


def stack(columns: Sequence[Column], height: float) -> Stack:
    """Place the columns side by side on one scale; without any there are no bars, and the axis is at the foot."""
    top = max((sum(column.above.values()) for column in columns), default=0.0)
    bottom = max((sum(column.below.values()) for column in columns), default=0.0)
    step = nice((top + bottom) / _TICKS)
    # A whole number of steps on each side, so that the outermost lines of the grid bound the bars.
    up, down = math.ceil(top / step - 1e-9), math.ceil(bottom / step - 1e-9)
    unit = height / (max(1, up + down) * step)
    zero = round(up * step * unit, 1) if up + down else height
    ticks = [Tick(round(zero - at * step * unit, 1), at * step) for at in range(-down, up + 1)]
    room = 100 / max(1, len(columns))
    every = math.ceil(len(columns) / _LABELS)
    bars = [
        Bar(
            name=column.name,
            label=column.name if index % every == 0 else "",
            x=round(index * room + 0.1 * room, 3),
            width=round(0.8 * room, 3),
            partial=column.partial,
            pieces=_pile(column.above, zero, -unit) + _pile(column.below, zero, unit),
        )
        for index, column in enumerate(columns)
    ]
    return Stack(bars, ticks, zero, height)


def _pile(values: dict[str, float], zero: float, unit: float) -> list[Piece]:
    pieces, edge = [], zero
    for kind, value in values.items():
        reach = edge + value * unit
        pieces.append(Piece(kind, value, round(min(edge, reach), 2), round(abs(reach - edge), 2)))
        edge = reach
    return pieces


def nice(least: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ..., at least 1."""
    power = 10.0 ** math.floor(math.log10(max(1.0, least)))
    return next(size * power for size in (1.0, 2.0, 5.0, 10.0) if size * power >= least - 1e-9)
