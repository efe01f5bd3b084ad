"""Production days: to which day a moment belongs at each site, in a form that a statement can look up.

Sites with the same time zone and the same begin of the production day share a clock; clock 0 is that of rows without
a known site. For each clock there are moments from which on a shift holds, so that
``intDiv(seconds + shift, 86400)`` is the day counted from 1970: exact for days of 23 and 25 hours, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 86_400
CLOCK = 1 << 36
"""A moment of clock c is looked up as ``c * CLOCK + seconds``."""

_EPOCH = date(1970, 1, 1).toordinal()


class Place(NamedTuple):
    """A site: its time zone, and the minute of the day at which its production day begins."""

    site: str
    timezone: str
    begins: int = 0
    region: str = ""


class Workdays(NamedTuple):
    """What a statement looks production days up in; ``start`` and ``end`` hold the days asked for at every site.

    ``kinds``: zone and begin of each clock.
    """

    sites: list[str]
    clocks: list[int]
    regions: list[str]
    froms: list[int]
    shifts: list[int]
    start: datetime
    end: datetime
    kinds: list[tuple[str, int]]

    def over(self, day: date) -> datetime:
        """When a production day has ended at every site, aware UTC."""
        return max(begin(day + timedelta(1), ZoneInfo(name), begins) for name, begins in self.kinds)

    @property
    def params(self) -> dict[str, Sequence[str] | Sequence[int]]:
        """The parameters that ``day_of`` and ``begin_of`` need, and the regions of the sites."""
        return {name: getattr(self, name) for name in ("sites", "clocks", "regions", "froms", "shifts")}


def day_of(moment: str, site: str = "") -> str:
    """SQL for the production day of ``moment`` at ``site`` (columns; no site = clock 0), in days from 1970."""
    seconds = f"toUnixTimestamp64Second(assumeNotNull({moment}))"
    return f"intDiv({seconds} + {_shift(seconds, site)}, {DAY})"


def begin_of(day: str, site: str = "") -> str:
    """SQL for the first instant of a production day, in seconds from 1970; ``day`` is a column as ``day_of`` makes it.

    The shift at midnight UTC is off by the hour of a change at most, so that it finds the morning of the day, and the
    shift of the morning holds from the first instant on.
    """
    midnight = f"{day} * {DAY}"
    return f"({midnight} - {_shift(f'{midnight} - {_shift(midnight, site)}', site)})"


def _shift(seconds: str, site: str) -> str:
    clock = f"transform({site}, {{sites:Array(String)}}, {{clocks:Array(Int64)}}, toInt64(0)) + " if site else ""
    froms, shifts = "{froms:Array(Int64)}", "{shifts:Array(Int64)}"
    return f"transform(roundDown({clock}{seconds}, {froms}), {froms}, {shifts}, toInt64(0))"


def number(day: date) -> int:
    """Days from 1970."""
    return day.toordinal() - _EPOCH


def numbered(days: int) -> date:
    """The day that has this number."""
    return date.fromordinal(_EPOCH + days)


def begin(day: date, zone: ZoneInfo, minutes: int = 0) -> datetime:
    """The first instant of a production day, aware UTC; where that minute is skipped, the instant of the skip."""
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)


def workdays(places: Iterable[Place], zone: ZoneInfo, first: date, last: date) -> Workdays:
    """For the days ``first`` to ``last``, both included. A site whose time zone is unknown goes by ``zone``."""
    clocks: dict[tuple[str, int], int] = {(zone.key, 0): 0}
    known = sorted({place.site: place for place in places}.values())
    numbers = [
        clocks.setdefault((_zone(place.timezone, zone).key, place.begins), len(clocks)) * CLOCK for place in known
    ]
    froms: dict[int, int] = {}
    years = range(max(1972, first.year - 1), last.year + 2)
    for (name, begins), clock in clocks.items():
        changes = dict(pair for year in years for pair in _changes(name, begins, year))
        shifts = list(changes.values())
        froms |= {clock * CLOCK: shifts[0]} | {clock * CLOCK + at: shift for at, shift in changes.items()}
    ordered = sorted(froms.items())
    return Workdays(
        [place.site for place in known] or [""],
        numbers or [0],
        [place.region for place in known] or [""],
        [at for at, _ in ordered],
        [shift for _, shift in ordered],
        min(begin(first, ZoneInfo(name), begins) for name, begins in clocks),
        max(begin(last + timedelta(1), ZoneInfo(name), begins) for name, begins in clocks),
        list(clocks),
    )


def _zone(name: str, other: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return other


@lru_cache(maxsize=2_048)
def _changes(name: str, begins: int, year: int) -> list[tuple[int, int]]:
    """From when on which shift holds within a year: a day that is not 24 h long changes it in its middle."""
    zone = ZoneInfo(name)
    first = date(year, 1, 1)
    starts = [int(begin(first + timedelta(offset), zone, begins).timestamp()) for offset in range(367)]
    shifts = [(number(first) + offset) * DAY - start for offset, start in enumerate(starts)]
    changes = [(starts[0], shifts[0])]
    for offset in range(366):
        if shifts[offset + 1] != shifts[offset]:
            middle = (starts[offset] + starts[offset + 1]) // 2
            changes.append((middle, shifts[offset + 1]))
    return changes
