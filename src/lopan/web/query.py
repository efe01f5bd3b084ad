"""From an address to a range and filters: the one reading shared by pages, API and live stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlencode

import msgspec

from lopan.analytics.metric import Filters, Span
from lopan.errors import Rejected

RANGES = {"-1h": "1 h", "-24h": "24 h", "-7d": "7 d", "-30d": "30 d"}
DEFAULT_FROM = "-24h"
LONGEST = timedelta(days=3 * 366)

_RELATIVE = re.compile(r"-(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMS = "expected ISO 8601 with a zone (2026-11-22T10:00:00Z), now, or back from now: -15m, -24h, -7d, -4w"


class Query(msgspec.Struct, frozen=True):
    """What is looked at: ``since`` and ``until`` as they were written, ``span`` as they were understood."""

    span: Span
    filters: Filters = Filters()
    by: str = ""
    since: str = DEFAULT_FROM
    until: str = "now"

    @property
    def moving(self) -> bool:
        """True when the range ends now, so that it has to slide."""
        return self.until == "now"

    def address(self, **changes: str) -> str:
        """The query string that leads here, with ``changes``; empty values and defaults are left out."""
        values = {"from": self.since, "to": self.until, "by": self.by, **msgspec.structs.asdict(self.filters)}
        if "since" in changes:
            values["from"], values["to"] = changes.pop("since"), changes.pop("until", "now")
        values |= changes
        if values["to"] == "now":
            values["to"] = ""
        kept = {name: value for name, value in values.items() if value}
        return urlencode(kept)


def parse(params: Mapping[str, str], now: datetime, zone: tzinfo | None = None) -> Query:
    """Read from, to, by, release, device, project. Raises Rejected naming the parameter.

    ``zone`` is what a time without a zone means; without it such a time is refused.
    """
    since = params.get("from") or DEFAULT_FROM
    until = params.get("to") or "now"
    span = Span(_moment("from", since, now, zone), _moment("to", until, now, zone))
    if span.end <= span.start:
        raise Rejected("from", f"must lie before to; got {since} and {until}")
    if span.end - span.start > LONGEST:
        raise Rejected("from", f"a range is at most {LONGEST.days} days; ask for less")
    filters = Filters(**{name: _word(name, params.get(name, "")) for name in Filters.__struct_fields__})
    return Query(span, filters, _word("by", params.get("by", "")), since, until)


def _moment(place: str, text: str, now: datetime, zone: tzinfo | None) -> datetime:
    # The running second belongs to the range, so that an event stamped "now" is in it; whole seconds let readers share.
    ceiling = now.replace(microsecond=0) + timedelta(seconds=1)
    if text == "now":
        return ceiling
    if relative := _RELATIVE.fullmatch(text):
        back = timedelta(**{_UNITS[relative[2]]: int(relative[1])})
        if back > LONGEST:
            raise Rejected(place, f"at most {LONGEST.days} days back; got {text}")
        return ceiling - back
    # A plus sign that was not escaped arrives as a space.
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Rejected(place, f"{_FORMS}; got {text[:60]}") from None
    if moment.tzinfo is None:
        if zone is None:
            raise Rejected(place, f"{_FORMS}; {text[:60]} has no zone")
        moment = moment.replace(tzinfo=zone)
    if not 1971 < moment.year < 2200:
        raise Rejected(place, f"the year {moment.year} is outside 1972 to 2199")
    return moment.astimezone(UTC)


def _word(place: str, text: str) -> str:
    if len(text) > 200:
        raise Rejected(place, "at most 200 characters")
    return text
