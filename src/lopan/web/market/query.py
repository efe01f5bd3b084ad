"""From an address to a day and a part of the market: the one reading of page, list, files and API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics.business.market import MONTHS, Side, Where
from lopan.analytics.calendar import DAY, begin, local
from lopan.analytics.metric import Span
from lopan.errors import Rejected
from lopan.web.people.query import day as read_day

SIDES: Final[tuple[Side, ...]] = get_args(Side)
_LONGEST: Final = 200
_PAGE_DIGITS: Final = 6


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at: the market at the end of ``day``, at the latest ``now``; ``span`` are its months up to then.

    ``moving`` = the day is today, or the one that it was known on. ``segment`` and ``region`` None = all, "" = what is
    not stated. ``side`` and ``page`` (from 1) are those of the list.
    """

    day: date
    now: datetime
    span: Span
    moving: bool = True
    segment: str | None = None
    region: str | None = None
    known: date | None = None
    side: Side = "addressable"
    page: int = 1

    @property
    def where(self) -> Where:
        """The part of the market."""
        return Where(self.segment, self.region, self.known)

    @property
    def words(self) -> str:
        """The part in words: ``mid-market, Americas``; empty for all."""
        named = {"segment": self.segment, "region": self.region}
        return ", ".join(value or f"no {name} stated" for name, value in named.items() if value is not None)

    def address(self, **changes: str | None) -> str:
        """The query string that leads here, with ``changes``; None takes a filter away. Any change leads to page 1."""
        values: dict[str, str | None] = {
            "day": None if self.moving else self.day.isoformat(),
            "known": self.known.isoformat() if self.known else None,
            "segment": self.segment,
            "region": self.region,
            "side": None if self.side == "addressable" else self.side,
            "page": str(self.page) if self.page > 1 and not changes else None,
        }
        return urlencode([(name, value) for name, value in (values | changes).items() if value is not None])

    def exact(self, **_: str) -> str:
        """As the API of metrics takes it: the same figures by month."""
        values = {
            "from": self.span.start.isoformat(),
            "to": self.span.end.isoformat(),
            "bucket": "month",
            "segment": self.segment,
            "region": self.region,
            "known": self.known.isoformat() if self.known else None,
        }
        return urlencode([(name, value) for name, value in values.items() if value])


def read(params: Mapping[str, str], now: datetime, zone: ZoneInfo, *, blank: bool = False) -> Asked:
    """From the parameters of an address; raises Rejected naming the one that is wrong.

    A day later than today, or than the one as of which it is asked, is that day. An empty segment or region means all,
    as forms send it; with ``blank`` it means what is not stated.
    """
    known = read_day("known", params["known"]) if params.get("known") else None
    latest = local(now, zone) if known is None else min(known, local(now, zone))
    day = min(read_day("day", params["day"]), latest) if params.get("day") else latest
    second = now.replace(microsecond=0) + timedelta(seconds=1)
    return Asked(
        day=day,
        now=min(second, begin(latest + DAY, zone)),
        span=Span(begin(_months_before(day, MONTHS - 1), zone), begin(day + DAY, zone)),
        moving=day == latest,
        segment=_part("segment", params, blank=blank),
        region=_part("region", params, blank=blank),
        known=known,
        side=_side(params.get("side") or "addressable"),
        page=_page(params.get("page") or "1"),
    )


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many before that of ``day``."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def _part(name: str, params: Mapping[str, str], *, blank: bool) -> str | None:
    value = params.get(name)
    if value is not None and len(value) > _LONGEST:
        raise Rejected(name, f"at most {_LONGEST} characters")
    return value if value or blank else None


def _side(text: str) -> Side:
    for side in SIDES:
        if side == text:
            return side
    raise Rejected("side", f"can be {', '.join(SIDES)}, not {text[:20]!r}")


def _page(text: str) -> int:
    if not (text.isdecimal() and len(text) <= _PAGE_DIGITS and int(text)):
        raise Rejected("page", f"is a number from 1, not {text[:20]!r}")
    return int(text)
