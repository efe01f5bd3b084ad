"""Local days of the site's zone: where they begin, and which ones a stretch of time touches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

DAY = timedelta(days=1)
_INSTANT = timedelta(milliseconds=1)


class Dates(msgspec.Struct, frozen=True):
    """Local days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        """Every day in order."""
        return (self.first + DAY * offset for offset in range(len(self)))

    def __len__(self) -> int:
        """How many days; 0 when ``last`` lies before ``first``."""
        return max(0, (self.last - self.first).days + 1)


def begin(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, aware UTC; where midnight is skipped, the instant of the skip."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def local(moment: datetime, zone: ZoneInfo) -> date:
    """The local day of an aware moment."""
    return moment.astimezone(zone).date()


def around(dates: Dates, zone: ZoneInfo, back: timedelta, ahead: timedelta) -> Dates:
    """The days with an instant from ``back`` before the first of ``dates`` begins to ``ahead`` after the last ends."""
    start, end = begin(dates.first, zone), begin(dates.last + DAY, zone)
    return Dates(local(start - back, zone), local(end + ahead - _INSTANT, zone))


def monday(day: date) -> date:
    """First day of its ISO week."""
    return day - timedelta(days=day.weekday())


def working_day_after(day: date) -> date:
    """The next day from Monday to Friday."""
    return day + timedelta(days={4: 3, 5: 2}.get(day.weekday(), 1))
