"""Geometry of the chart of the return: what all months so far brought and cost, and the day on which the two meet.

As payback is computed: costs fall due on the first day of their month, benefits come evenly over its days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from lopan.analytics.business.payback import Month, Payback, pace
from lopan.analytics.business.roi import Result
from lopan.analytics.calendar import DAY
from lopan.web import figures
from lopan.web.people.bars import nice

HEIGHT: Final = 240.0
WIDTH: Final = 1_000.0
_TICKS: Final = 4
_LABELS: Final = 8
_AHEAD: Final = 0.6
"""A payback that is expected is drawn when it lies no further ahead than this share of the days so far."""


class Tick(msgspec.Struct, frozen=True):
    """A line of the grid; ``at`` in percent of the width, or in pixels of the height."""

    at: float
    label: str


class Met(msgspec.Struct, frozen=True):
    """Where benefits reach costs: ``x`` in percent, ``y`` in pixels; ``projected`` = it lies ahead."""

    x: float
    y: float
    day: date
    months: float
    projected: bool


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Paths in a ``WIDTH`` x ``HEIGHT`` box; ``open`` is where months begin that may still change, in percent.

    ``ahead`` are the paths of benefit and cost from the end of the window to an expected payback.
    """

    benefit: str
    area: str
    hard: str
    cost: str
    ahead: list[str]
    zero: float
    amounts: list[Tick]
    months: list[Tick]
    open: float | None
    end: float
    met: Met | None


def course(result: Result, closed: date | None) -> Course | None:
    """Draw the months of ``result``; None without any money. Months after ``closed`` may still change."""
    months, payback = result.months, result.base.payback
    if not any(month.benefit or month.cost for month in months):
        return None
    return _Drawing(months, payback).course(closed)


class _Drawing:
    def __init__(self, months: Sequence[Month], payback: Payback) -> None:
        self._months, self._payback = months, payback
        self._first, self._after = months[0].first, months[-1].last + DAY
        self._ahead = _near(months, payback)
        self._length = max(1, ((self._ahead or self._after) - self._first).days)
        self._benefit = _line(months, "benefit")
        self._hard = _line(months, "hard")
        self._cost = _stairs(months)
        self._beyond = self._going()
        amounts = [amount for line in self._lines() for _, amount in line]
        self._step = nice((max(amounts) - min(amounts)) / _TICKS)
        self._top = math.ceil(max(amounts) / self._step - 1e-9) * self._step
        self._bottom = math.floor(min(amounts) / self._step + 1e-9) * self._step

    def course(self, closed: date | None) -> Course:
        late = [month for month in self._months if closed is not None and month.last > closed]
        benefit = self._path(self._benefit)
        return Course(
            benefit=benefit,
            area=f"{benefit}L{self._right(self._after):.1f} {self._down(0):.1f}L0 {self._down(0):.1f}Z",
            hard=self._path(self._hard) if any(month.hard != month.benefit for month in self._months) else "",
            cost=self._path(self._cost),
            ahead=[self._path(line) for line in self._beyond],
            zero=round(self._down(0), 1),
            amounts=self._amounts(),
            months=self._names(),
            open=self._percent(late[0].first) if late else None,
            end=self._percent(self._after),
            met=self._met(),
        )

    def _lines(self) -> list[list[tuple[date, float]]]:
        return [self._benefit, self._hard, self._cost, *self._beyond]

    def _going(self) -> list[list[tuple[date, float]]]:
        """Benefit and cost at the pace of the last months, up to where they meet."""
        going = pace(self._months)
        if self._ahead is None or going is None:
            return []
        months = (self._ahead - self._after).days / (365 / 12)
        return [
            [(self._after, line[-1][1]), (self._ahead, line[-1][1] + months * monthly)]
            for line, monthly in ((self._benefit, going.benefit), (self._cost, going.cost))
        ]

    def _met(self) -> Met | None:
        payback = self._payback
        if payback.day is None or payback.months is None or (payback.projected and self._ahead is None):
            return None
        amount = self._beyond[0][-1][1] if payback.projected else _at(self._benefit, payback.day)
        x, y = self._percent(payback.day), round(self._down(amount), 1)
        return Met(x, y, payback.day, payback.months, payback.projected)

    def _amounts(self) -> list[Tick]:
        count = round((self._top - self._bottom) / self._step)
        return [
            Tick(round(self._down(amount), 1), figures.number(amount))
            for amount in (self._bottom + at * self._step for at in range(count + 1))
        ]

    def _names(self) -> list[Tick]:
        """Months that begin in the window, as many as there is room for; the first and each January with its year."""
        begun = [month.first for month in self._months if month.first.day == 1] or [self._first]
        every = math.ceil(len(begun) / _LABELS)
        shown = begun[::every]
        return [
            Tick(self._percent(day), f"{day:%b %Y}" if at == 0 or day.year != shown[at - 1].year else f"{day:%b}")
            for at, day in enumerate(shown)
        ]

    def _path(self, line: Sequence[tuple[date, float]]) -> str:
        return "M" + "L".join(f"{self._right(day):.1f} {self._down(amount):.1f}" for day, amount in line)

    def _right(self, day: date) -> float:
        return WIDTH * (day - self._first).days / self._length

    def _percent(self, day: date) -> float:
        return round(100 * self._right(day) / WIDTH, 2)

    def _down(self, amount: float) -> float:
        return HEIGHT * (self._top - amount) / ((self._top - self._bottom) or 1.0)


def _near(months: Sequence[Month], payback: Payback) -> date | None:
    """The day of an expected payback that is near enough to be drawn."""
    after = months[-1].last + DAY
    if payback.day is None or not payback.projected:
        return None
    return payback.day if (payback.day - after).days <= _AHEAD * (after - months[0].first).days else None


def _line(months: Sequence[Month], name: str) -> list[tuple[date, float]]:
    """Even over the days of each month."""
    found, total = [(months[0].first, 0.0)], 0.0
    for month in months:
        total += getattr(month, name)
        found.append((month.last + DAY, total))
    return found


def _stairs(months: Sequence[Month]) -> list[tuple[date, float]]:
    """A step on the first day of each month."""
    found: list[tuple[date, float]] = []
    total = 0.0
    for month in months:
        total += month.cost
        found += [(month.first, total), (month.last + DAY, total)]
    return [(months[0].first, 0.0), *found]


def _at(line: Sequence[tuple[date, float]], day: date) -> float:
    """The height of ``line`` on ``day``, which lies on it."""
    for (first, low), (last, high) in pairwise(line):
        if day <= last:
            return low + (high - low) * (day - first) / max(last - first, timedelta(days=1))
    return line[-1][1]
