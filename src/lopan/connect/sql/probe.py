"""Does a moment come out of a database as it is in it? Asked before all else, as nobody sees a shift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lopan.errors import GiveUp

ZONED = datetime(2026, 7, 1, 10, 0, 0, 500_000, tzinfo=UTC)
"""A moment in summer, when most zones are off their standard time."""
NAIVE = datetime(2026, 3, 29, 2, 30, 0, 123_456)  # noqa: DTZ001 - without a zone on purpose
"""A time of day that clocks in the European Union skipped."""


def compare(name: str, said: datetime, meant: datetime) -> None:
    """Raise GiveUp when ``said``, read from the connection ``name``, is not the moment that was asked for."""
    if said == meant:
        return
    shift = said - meant
    sign = "-" if shift < timedelta() else "+"
    raise GiveUp(
        f"{name}: times come out of the database shifted by {sign}{abs(shift)}, so nothing was pulled;"
        " set the time zone of the database user to UTC"
    )
