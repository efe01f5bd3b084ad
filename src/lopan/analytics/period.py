"""Periods that reports are about: an ISO week, 28 days, a month, a quarter; each with the one before it."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

import msgspec

from lopan.analytics.calendar import DAY, Dates, monday

Kind = Literal["week", "28d", "month", "quarter"]
KINDS: Final[dict[Kind, str]] = {"week": "Week", "28d": "28 days", "month": "Month", "quarter": "Quarter"}

_WEEK, _FOUR_WEEKS = 7, 28
_MONTHS: Final[dict[Kind, int]] = {"month": 1, "quarter": 3}


class Period(msgspec.Struct, frozen=True):
    """All local days of one period, over or not."""

    kind: Kind
    dates: Dates

    @property
    def before(self) -> Period:
        """The period that ends on the day before this one begins."""
        return of(self.kind, self.dates.first - DAY)

    @property
    def after(self) -> Period:
        """The period that begins on the day after this one ends."""
        ahead = _FOUR_WEEKS if self.kind == "28d" else 1
        return of(self.kind, self.dates.last + DAY * ahead)

    def sides(self, today: date) -> tuple[Dates, Dates]:
        """The days of it that are over, and the days before to compare them with.

        A period that is over stands against the whole one before; one that goes on, against as many days of it.
        """
        if self.dates.last < today:
            return self.dates, self.before.dates
        over = Dates(self.dates.first, today - DAY)
        first = self.before.dates.first
        return over, Dates(first, min(first + DAY * (len(over) - 1), self.before.dates.last))

    @property
    def name(self) -> str:
        """Week 47 of 2026, November 2026, quarter 4 of 2026, or the days themselves."""
        first = self.dates.first
        if self.kind == "week":
            year, week, _ = first.isocalendar()
            return f"Week {week} of {year}"
        if self.kind == "month":
            return f"{first:%B %Y}"
        if self.kind == "quarter":
            return f"Quarter {(first.month + 2) // 3} of {first.year}"
        return f"28 days to {self.dates.last:%d %b %Y}"


def of(kind: Kind, day: date) -> Period:
    """The period that ``day`` lies in; the 28 days are those that end with it."""
    if kind == "week":
        first = monday(day)
        return Period(kind, Dates(first, first + DAY * (_WEEK - 1)))
    if kind == "28d":
        return Period(kind, Dates(day - DAY * (_FOUR_WEEKS - 1), day))
    length = _MONTHS[kind]
    first = date(day.year, (day.month - 1) // length * length + 1, 1)
    index = first.year * 12 + first.month - 1 + length
    return Period(kind, Dates(first, date(index // 12, index % 12 + 1, 1) - DAY))


def latest(kind: Kind, today: date) -> Period:
    """The last period that is over."""
    period = of(kind, today - DAY)
    return period if period.dates.last < today else period.before
