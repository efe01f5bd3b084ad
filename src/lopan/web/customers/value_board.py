"""What the page Time to value shows: which accounts are asked for, and what is known of their way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import urlencode

import msgspec

from lopan.analytics.business.timetovalue import AXES, TimeToValue
from lopan.analytics.calendar import DAY, Dates
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access
from lopan.web.customers import seen
from lopan.web.customers.steps import Steps, steps
from lopan.web.parts import Parts
from lopan.web.people.query import LONGEST
from lopan.web.people.query import day as read_day

DEFAULT: Final = "365"
"""Days up to yesterday in which the accounts began that are looked at unless told."""
_WORD: Final = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts are looked at: those that began in ``dates``; ``days`` of them up to yesterday, "" = as dated."""

    dates: Dates
    days: str
    by: str
    segment: str
    region: str
    known: date | None

    def address(self, **changes: str) -> str:
        """The query string that leads here, with ``changes``; defaults are left out."""
        values = {
            "days": "" if self.days == DEFAULT else self.days,
            "from": "" if self.days else self.dates.first.isoformat(),
            "to": "" if self.days else self.dates.last.isoformat(),
            "by": "" if self.by == "quarter" else self.by,
            "segment": self.segment,
            "region": self.region,
            "known": self.known.isoformat() if self.known else "",
        }
        if "days" in changes:
            values |= {"from": "", "to": ""}
        return urlencode([(name, value) for name, value in (values | changes).items() if value])


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is not there yet: ``days`` since it ``began``."""

    account: str
    name: str
    segment: str
    region: str
    owner: str
    began: date
    days: int


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows; ``segments`` and ``regions`` are what can be chosen, ``workflows`` what counts."""

    asked: Asked
    found: TimeToValue
    waiting: list[Way] | None
    segments: list[str]
    regions: list[str]
    workflows: bool

    @property
    def curve(self) -> Steps:
        """The estimate of all of them."""
        return steps(self.found.whole, (journey for journey, _ in self.found.journeys))


def read(parts: Parts, params: Mapping[str, str]) -> Asked:
    """From an address; raises Rejected naming the parameter."""
    last = seen.customers(parts).books.times.day()
    days = "" if params.get("from") else params.get("days") or DEFAULT
    if days:
        if not days.isdecimal() or not 1 <= int(days) <= LONGEST:
            raise Rejected("days", f"is a number from 1 to {LONGEST}, not {days[:20]!r}")
        dates = Dates(last - DAY * (int(days) - 1), last)
    else:
        until = min(read_day("to", params["to"]), last) if params.get("to") else last
        dates = Dates(read_day("from", params["from"]), until)
        if not 1 <= len(dates) <= LONGEST:
            raise Rejected("from", f"a range is 1 to {LONGEST} days that are over; got {dates.first} to {dates.last}")
    by = params.get("by") or "quarter"
    if by not in AXES:
        raise Rejected("by", f"can be {', '.join(AXES)}, not {by[:20]!r}")
    known = read_day("known", params["known"]) if params.get("known") else None
    return Asked(dates=dates, days=days, by=by, known=known, **_words(params))


def _words(params: Mapping[str, str]) -> dict[str, str]:
    found = {name: params.get(name, "") for name in ("segment", "region")}
    for name, text in found.items():
        if len(text) > _WORD:
            raise Rejected(name, f"at most {_WORD} characters")
    return found


async def load(parts: Parts, reader: Principal, asked: Asked) -> Board:
    """Measure; who is on the way is only for those who may see customers by name."""
    times = seen.customers(parts).books.times
    paths = await times.paths(times.day(), since=asked.dates.first, known=asked.known)
    found = times.told(paths, asked.dates, by=asked.by, segment=asked.segment, region=asked.region)
    accounts = [paths.accounts.on(found.day, path.account) for path in paths.paths]
    ways = [
        Way(
            account=journey.account,
            name=account.name or journey.account,
            segment=account.segment,
            region=account.region,
            owner=account.owner,
            began=journey.began,
            days=journey.days or 0,
        )
        for journey, account in found.waiting
        if journey.began is not None
    ]
    return Board(
        asked=asked,
        found=found,
        waiting=ways if access.may(reader, seen.HEALTH) else None,
        segments=sorted({one.segment for one in accounts} - {""}),
        regions=sorted({one.region for one in accounts} - {""}),
        workflows=bool(times.workflows),
    )
