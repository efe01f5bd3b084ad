"""From an address to local days and an audience: the one reading shared by all pages about people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics.audience import AXES, Audience
from lopan.analytics.calendar import DAY, Dates, local
from lopan.errors import Rejected

RANGES: Final = {"7": "7 d", "28": "28 d", "90": "90 d"}
DEFAULT: Final = "28"
LONGEST: Final = 400
_FIELDS = ("project", "role", "release", "customer")


class DayQuery(msgspec.Struct, frozen=True):
    """What is looked at: ``dates`` of the site's zone; ``days`` of them end today, "" = as dated.

    ``own``: what else a page keeps in its address.
    """

    dates: Dates
    audience: Audience
    by: str = ""
    days: str = DEFAULT
    own: Mapping[str, str] = {}

    @property
    def moving(self) -> bool:
        """True when the range ends today, so that its last day still changes."""
        return bool(self.days)

    def address(self, **changes: str) -> str:
        """The query string that leads here, with ``changes``; a new filter takes the place of another one."""
        return urlencode(self.parameters(**changes))

    def parameters(self, **changes: str) -> list[tuple[str, str]]:
        """As ``address``, in pairs, for the hidden fields of a form."""
        values = {"days": self.days if self.days != DEFAULT else "", "by": self.by}
        if not self.days:
            values |= {"from": self.dates.first.isoformat(), "to": self.dates.last.isoformat()}
        if "days" in changes:
            values |= {"from": "", "to": ""}
        values |= {name: getattr(self.audience, name) for name in _FIELDS}
        values |= self.own
        if any(changes.get(axis) for axis in AXES):
            values |= dict.fromkeys(AXES, "")
        return [(name, value) for name, value in (values | changes).items() if value]


def parse(
    params: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
    axes: tuple[str, ...] = AXES,
    own: tuple[str, ...] = (),
) -> DayQuery:
    """Read days, or from and to (dates, both included), or days up to to; role, release, customer, project, by.

    Raises Rejected naming the parameter. ``axes`` are what ``by`` may be; the first one is the default. ``own`` names
    what else the page reads.
    """
    today = local(now, zone)
    days = "" if params.get("from") else params.get("days") or DEFAULT
    if days:
        if not days.isdecimal() or not 1 <= int(days) <= LONGEST:
            raise Rejected("days", f"is a number from 1 to {LONGEST}, not {days[:20]!r}")
        last = min(day("to", params.get("to", "")), today) if params.get("to") else today
        dates = Dates(last - DAY * (int(days) - 1), last)
        days = days if last == today else ""
    else:
        first = day("from", params.get("from", ""))
        dates = Dates(first, min(day("to", params.get("to", "")), today) if params.get("to") else today)
        if not len(dates):
            raise Rejected("from", f"must not lie after to; got {dates.first} and {dates.last}")
        if len(dates) > LONGEST:
            raise Rejected("from", f"a range is at most {LONGEST} days; ask for less")
    audience = Audience(**{name: _word(name, params.get(name, "")) for name in _FIELDS})
    _ = audience.number, audience.axis
    by = params.get("by", "")
    if by and by not in axes:
        raise Rejected("by", f"can be {', '.join(axes)}, not {by[:20]!r}")
    extra = {name: _word(name, params.get(name, "")) for name in own}
    return DayQuery(dates, audience, by or (axes[0] if axes else ""), days, extra)


def day(place: str, text: str) -> date:
    """A date like 2026-11-22; raises Rejected for ``place``."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Rejected(place, f"expected a date like 2026-11-22; got {text[:40]!r}") from None
    if not 1971 < found.year < 2200:
        raise Rejected(place, f"the year {found.year} is outside 1972 to 2199")
    return found


def _word(place: str, text: str) -> str:
    if len(text) > 200:
        raise Rejected(place, "at most 200 characters")
    return text
