"""When the report of a period is due: a weekday and a time of day on the site's clocks, once for every period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics import calendar, period
from lopan.analytics.calendar import DAY
from lopan.analytics.period import Period

Every = Literal["week", "month"]
_LONGEST = timedelta(days=70)
"""No report is due later than so long after the begin of its period, whatever weekday was chosen."""


class Schedule(msgspec.Struct, frozen=True):
    """At ``minute`` of the local day (0-1439) on ``weekday`` (0 = Monday).

    Every week about the ISO week before; every month, on its first such weekday, about the month before.
    """

    every: Every
    weekday: int
    minute: int


class Issue(NamedTuple):
    """The report about ``period`` is ``due`` at a moment in UTC."""

    period: Period
    due: datetime


def issue(schedule: Schedule, about: Period, zone: ZoneInfo) -> Issue:
    """When the report about that period is due.

    A time that the clocks skip counts as that much later, one that they repeat counts the first time.
    """
    day = about.dates.last + DAY
    day += DAY * ((schedule.weekday - day.weekday()) % 7)
    moment = datetime.combine(day, time(*divmod(schedule.minute, 60)), zone)
    return Issue(about, moment.astimezone(UTC))


def issues(schedule: Schedule, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Issue]:
    """Every issue due after ``after`` and up to ``until``, in order; each period once."""
    about = period.of(schedule.every, calendar.local(after - _LONGEST, zone))
    while (found := issue(schedule, about, zone)).due <= until:
        if found.due > after:
            yield found
        about = about.after


def upcoming(schedule: Schedule, now: datetime, zone: ZoneInfo) -> Issue:
    """The next one due after ``now``."""
    return next(issues(schedule, now, now + _LONGEST, zone))
