"""Dates of the site's time zone as instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def today(now: datetime, zone: str) -> date:
    """The date that clocks of ``zone`` show at ``now``."""
    return now.astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """When ``day`` begins, in UTC; where clocks skip midnight, the moment they do."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """The half-open range of ``first`` up to and with ``last``."""
    return midnight(first, zone), midnight(last + timedelta(days=1), zone)
