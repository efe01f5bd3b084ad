"""From an address to a range and filters: the one reading shared by pages, API and live stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlencode

import msgspec

from lopan.analytics.metric import Against, Filters, Span
from lopan.catalog import AXES
from lopan.errors import Rejected

RANGES = {"-1h": "1 h", "-24h": "24 h", "-7d": "7 d", "-30d": "30 d"}
DEFAULT_FROM = "-24h"
LONGEST = timedelta(days=11 * 366)

_RELATIVE = re.compile(r"-(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
PREVIOUS = "previous"
COMPARED = ("release", "device", "role", *AXES)
"""Filters that a comparison can change."""

_FORMS = "expected ISO 8601 with a zone (2026-11-22T10:00:00Z), now, or back from now: -15m, -24h, -7d, -4w"


_COMPARE = "expected previous, FROM..TO (-14d..-7d), or " + ", ".join(f"{name}:NAME" for name in COMPARED)


class Query(msgspec.Struct, frozen=True):
    """What is looked at: ``since``, ``until`` and ``compare`` as they were written, the rest as it was understood."""

    span: Span
    filters: Filters = Filters()
    by: str = ""
    since: str = DEFAULT_FROM
    until: str = "now"
    compare: str = ""
    against: Against | None = None

    @property
    def moving(self) -> bool:
        """True when the range ends now, so that it has to slide."""
        return self.until == "now"

    @property
    def period(self) -> Span | None:
        """The range that ``compare`` names, None when it names something else."""
        return self.against.span if self.against and self.compare.partition(":")[0] not in COMPARED else None

    def address(self, **changes: str) -> str:
        """The query string that leads here, with ``changes``; empty values and defaults are left out."""
        values = {
            "from": self.since,
            "to": self.until,
            "by": self.by,
            "compare": self.compare,
            **msgspec.structs.asdict(self.filters),
        }
        if "since" in changes:
            values["from"], values["to"] = changes.pop("since"), changes.pop("until", "now")
        values |= changes
        if values["to"] == "now":
            values["to"] = ""
        kept = {name: value for name, value in values.items() if value}
        return urlencode(kept)

    def exact(self, **changes: str) -> str:
        """As ``address``, with times that need no zone to be understood, for machines."""
        since, until, compare = _exact(self.since, self.span.start), _exact(self.until, self.span.end), self.compare
        if self.period:
            ends = zip(compare.split(".."), (self.period.start, self.period.end), strict=True)
            compare = "..".join(_exact(text, moment) for text, moment in ends)
        written = msgspec.structs.replace(self, since=since, until=until, compare=compare)
        return written.address(**changes)


def parse(params: Mapping[str, str], now: datetime, zone: tzinfo | None = None) -> Query:
    """Read from, to, by, compare and all of ``Filters``. Raises Rejected naming the parameter.

    ``zone`` is what a time without a zone means; without it such a time is refused. ``compare_from`` and ``compare_to``
    are the period that a form asks for, and stand for ``compare``.
    """
    since = params.get("from") or DEFAULT_FROM
    until = params.get("to") or "now"
    span = _span("from", "to", since, until, now, zone)
    filters = Filters(**{name: _word(name, params.get(name, "")) for name in Filters.__struct_fields__})
    compare = _word("compare", params.get("compare", ""))
    if params.get("compare_from") or params.get("compare_to"):
        compare = f"{params.get('compare_from') or ''}..{params.get('compare_to') or ''}"
    against = _against(compare, span, filters, now, zone) if compare else None
    return Query(span, filters, _word("by", params.get("by", "")), since, until, compare, against)


def _exact(text: str, moment: datetime) -> str:
    return text if text == "now" or _RELATIVE.fullmatch(text) else moment.isoformat()


def _span(first: str, last: str, since: str, until: str, now: datetime, zone: tzinfo | None) -> Span:
    span = Span(moment(first, since, now, zone), moment(last, until, now, zone))
    if span.end <= span.start:
        raise Rejected(first, f"must begin before it ends; got {since} and {until}")
    if span.end - span.start > LONGEST:
        raise Rejected(first, f"a range is at most {LONGEST.days} days; ask for less")
    return span


def _against(text: str, span: Span, filters: Filters, now: datetime, zone: tzinfo | None) -> Against:
    if text == PREVIOUS:
        return Against("previous period", filters)
    name, _, value = text.partition(":")
    if name in COMPARED and value:
        return Against(f"{name} {value}", msgspec.structs.replace(filters, **{name: value}), span)
    since, dots, until = text.partition("..")
    if not dots:
        raise Rejected("compare", f"{_COMPARE}; got {text[:60]}")
    return Against("other period", filters, _span("compare", "compare", since, until, now, zone))


def moment(place: str, text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """A point in time as a parameter names it, aware UTC. Raises Rejected for ``place``; ``zone`` as in ``parse``."""
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
        found = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Rejected(place, f"{_FORMS}; got {text[:60]}") from None
    if found.tzinfo is None:
        if zone is None:
            raise Rejected(place, f"{_FORMS}; {text[:60]} has no zone")
        found = found.replace(tzinfo=zone)
    if not 1971 < found.year < 2200:
        raise Rejected(place, f"the year {found.year} is outside 1972 to 2199")
    return found.astimezone(UTC)


def _word(place: str, text: str) -> str:
    if len(text) > 200:
        raise Rejected(place, "at most 200 characters")
    return text
