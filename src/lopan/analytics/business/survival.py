"""Kaplan and Meier's estimate of how long something takes, when some have not come to it yet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

from lopan.analytics.intervals import Z95

_SLACK = 1e-12
"""What rounding may add to a share that is one half exactly."""


class Wait(msgspec.Struct, frozen=True):
    """One subject: days until it was ``reached``, or until it was last looked at and had not reached it."""

    days: int
    reached: bool


class Step(msgspec.Struct, frozen=True):
    """From ``day`` on the ``share`` (0 to 1) has reached it; ``low`` and ``high`` bound it at 95 %.

    ``at_risk`` subjects were looked at on that day and had not reached it before.
    """

    day: int
    share: float
    low: float
    high: float
    at_risk: int
    reached: int


class Survival(msgspec.Struct, frozen=True, kw_only=True):
    """``median`` in days, None while fewer than half are known to have reached it; ``steps`` where the share rises.

    ``median_low`` and ``median_high`` bound it at 95 %: the days on which the upper and the lower bound of the share
    pass one half (Brookmeyer and Crowley 1982), None where that bound has not. ``followed``: the longest that anybody
    was looked at; beyond it nothing is known.
    """

    n: int
    reached: int
    censored: int
    median: int | None
    median_low: int | None
    median_high: int | None
    followed: int
    steps: list[Step]

    def by(self, day: int) -> Step | None:
        """The share that reached it by ``day``; None where nobody was looked at that long."""
        if not self.n or day > self.followed:
            return None
        return next((step for step in reversed(self.steps) if step.day <= day), Step(day, 0.0, 0.0, 0.0, self.n, 0))


def survival(waits: Iterable[Wait]) -> Survival:
    """Estimate by Kaplan and Meier, bounds by Greenwood on the log-log scale; who is censored on a day was at risk.

    Once everybody left has reached it there is no such bound: the lower one is that of the step before, and of the
    first step Wilson's.
    """
    known = list(waits)
    reached = Counter(one.days for one in known if one.reached)
    left = Counter(one.days for one in known)
    at_risk, share, spread = len(known), 1.0, 0.0
    steps: list[Step] = []
    median = None
    for day in sorted(left):
        count = reached[day]
        if count:
            share *= 1 - count / at_risk
            spread += count / (at_risk * (at_risk - count)) if at_risk > count else math.inf
            low, high = _bounds(share, spread)
            if share <= 0:
                high = 1 - (steps[-1].low if steps else count / (count + Z95 * Z95))
            steps.append(Step(day, 1 - share, 1 - high, 1 - low, at_risk, count))
            if median is None and share <= 0.5 + _SLACK:
                median = day
        at_risk -= left[day]
    total = sum(reached.values())
    followed = math.inf if steps and share <= 0 else max(left, default=0)
    return Survival(
        n=len(known),
        reached=total,
        censored=len(known) - total,
        median=median,
        median_low=next((step.day for step in steps if step.high >= 0.5 - _SLACK), None),
        median_high=next((step.day for step in steps if step.low >= 0.5 - _SLACK), None),
        followed=int(min(followed, 1_000_000)),
        steps=steps,
    )


def _bounds(share: float, spread: float) -> tuple[float, float]:
    """Of what remains; both ends once nobody does."""
    if share <= 0 or math.isinf(spread):
        return 0.0, 0.0
    if share >= 1:
        return 1.0, 1.0
    reach = math.exp(Z95 * math.sqrt(spread) / abs(math.log(share)))
    return share**reach, share ** (1 / reach)
