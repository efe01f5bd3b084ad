"""Geometry of the retention curve: days after the first one to the right, the share that came back upwards.

Days are spread by their square root, for the first week is where most people are lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from lopan.analytics.retention import Rate, Step

HEIGHT: Final = 220.0
SHARES: Final = (0, 25, 50, 75, 100)
DAYS: Final = (1, 7, 14, 30, 60, 90)


class Dot(msgspec.Struct, frozen=True):
    """One step: ``x`` in percent of the width, heights in pixels; ``low`` and ``high`` bound it at 95 %."""

    rate: Rate
    x: float
    y: float
    low: float
    high: float
    enough: bool


class Link(msgspec.Struct, frozen=True):
    """A line between neighbours; ``x`` in percent of the width, ``y`` in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float


class Curve(msgspec.Struct, frozen=True):
    """Only steps with anybody in them have a dot; a step without is a gap. Ticks by what they say."""

    dots: list[Dot]
    links: list[Link]
    shares: dict[int, float]
    days: dict[int, float]
    target: float | None
    others: list[Dot]
    other_links: list[Link]


def curve(steps: Sequence[Step], least: int, target: float | None, others: Sequence[Step] = ()) -> Curve:
    """Place the steps; ``least`` people make a dot one to rely on, ``target`` is a share in 0-1.

    ``others`` are the steps of the other side, a second line.
    """
    dots, second = ([_dot(step.rate, least) for step in side] for side in (steps, others))
    return Curve(
        dots=[dot for dot in dots if dot],
        links=_links(dots),
        shares={share: _height(share / 100) for share in SHARES},
        days={day: _right(day) for day in DAYS},
        target=None if target is None else _height(target),
        others=[dot for dot in second if dot],
        other_links=_links(second),
    )


def _links(dots: Sequence[Dot | None]) -> list[Link]:
    return [Link(one.x, one.y, two.x, two.y) for one, two in pairwise(dots) if one and two]


def _height(share: float) -> float:
    return round(HEIGHT * (1 - share), 1)


def _right(day: int) -> float:
    return round(100 * math.sqrt(day / DAYS[-1]), 2)


def _dot(rate: Rate, least: int) -> Dot | None:
    if rate.value is None or rate.low is None or rate.high is None:
        return None
    y, low, high = (_height(share) for share in (rate.value, rate.low, rate.high))
    return Dot(rate, _right(rate.step), y, low, high, rate.cohort >= least)
