"""When a roll-out has paid for itself: the first day on which all benefits so far reach all costs so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

_RECENT = 3
_LONGEST = 120
_MONTH = 365 / 12


class Month(msgspec.Struct, frozen=True):
    """Money of the days ``first`` to ``last``, which lie in one month; ``whole`` when that is all of it and over.

    ``once`` is the part of ``cost`` that will not come again, ``hard`` the part of ``benefit`` that is cash.
    """

    first: date
    last: date
    benefit: float
    cost: float
    once: float = 0.0
    whole: bool = True
    hard: float = 0.0


class Pace(NamedTuple):
    """What comes and what goes in a month, if all goes on as in the last whole ones."""

    benefit: float
    cost: float

    @property
    def gain(self) -> float:
        """What is left of a month."""
        return self.benefit - self.cost


class Payback(msgspec.Struct, frozen=True):
    """``day`` is None when it is not in sight. ``projected``: it lies ahead, if the last months go on as they were.

    ``lasting``: no later month fell behind again.
    """

    day: date | None
    months: float | None
    projected: bool = False
    lasting: bool = True


def payback(months: Sequence[Month]) -> Payback:
    """Costs fall due on the first day of their month, benefits come evenly over its days.

    Projected from the mean of the last three whole months without what was spent once, ten years ahead at most.
    """
    if not any(month.cost > 0 for month in months):
        return Payback(None, None)
    balance, spent, day = 0.0, 0.0, None
    for month in months:
        owed = month.cost - balance
        balance += month.benefit - month.cost
        spent += month.cost
        if day is None and spent > 0 and balance >= 0:
            # Nothing is owed where the benefits of earlier months covered the cost.
            passed = owed / month.benefit if owed > 0 and month.benefit > 0 else 0.0
            day = month.first + timedelta(days=int(passed * ((month.last - month.first).days + 1) + 1e-9))
    start = months[0].first
    if day is not None:
        return Payback(day, (day - start).days / _MONTH, lasting=balance >= 0)
    return _projected(months, balance, start)


def pace(months: Sequence[Month]) -> Pace | None:
    """The mean of the last three whole months without what was spent once; None before there is a whole one."""
    recent = [month for month in months if month.whole][-_RECENT:]
    if not recent:
        return None
    benefit, cost = sum(month.benefit for month in recent), sum(month.cost - month.once for month in recent)
    return Pace(benefit / len(recent), cost / len(recent))


def _projected(months: Sequence[Month], balance: float, start: date) -> Payback:
    going = pace(months)
    if going is None or going.gain <= 0 or -balance / going.gain > _LONGEST:
        return Payback(None, None)
    day = months[-1].last + timedelta(days=1 + int(-balance / going.gain * _MONTH))
    return Payback(day, (day - start).days / _MONTH, projected=True)
