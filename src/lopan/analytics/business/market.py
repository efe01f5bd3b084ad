"""Market penetration: parent companies won of those that could be, by segment and region, as of a day and by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics.business.contracts import milliseconds
from lopan.analytics.calendar import DAY, begin
from lopan.analytics.facts import Facts
from lopan.analytics.intervals import wilson
from lopan.catalog.business import Retention
from lopan.catalog.workdays import number

MONTHS: Final = 12
_DAY_MS = 86_400_000
_ALL, _SEGMENT, _REGION, _BOTH = range(4)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One segment in one region; "" = all of them, or not stated where ``level`` splits by it.

    ``won`` of ``addressable`` parent companies are customers; both include those who were won ``outside`` the list and
    those ``beyond`` the addressable part of it. What is listed is nested: tam >= sam >= som. ``low`` and ``high`` bound
    ``penetration`` (0 to 1) at 95 %. ``value_penetration`` is recurring revenue a year over what the addressable spend,
    of companies with a known value; ``arr`` is that of all who are won.
    """

    segment: str
    region: str
    tam: int
    sam: int
    som: int
    won: int
    addressable: int
    outside: int
    beyond: int
    penetration: float | None
    low: float | None
    high: float | None
    arr: float
    value: float
    value_penetration: float | None
    unvalued: int


class Doubt(msgspec.Struct, frozen=True):
    """An error of the data: ``what`` in words, and how often."""

    what: str
    count: int


class Reached(msgspec.Struct, frozen=True):
    """The whole at the end of ``day``."""

    day: date
    penetration: float | None
    won: int
    addressable: int
    value_penetration: float | None


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The market as of ``day``: ``cells`` by segment and region, and their totals; a total counts a company once."""

    day: date
    currency: str
    whole: Cell
    cells: list[Cell]
    segments: list[Cell]
    regions: list[Cell]
    trend: list[Reached]
    doubts: list[Doubt]

    @property
    def empty(self) -> bool:
        """Whether nobody is listed and nobody won."""
        return not self.whole.tam and not self.whole.won


class Markets:
    """Answers from the facts of companies, contracts and accounts."""

    def __init__(self, facts: Facts, how: Retention) -> None:
        self._facts, self._how = facts, how
        self._zone = ZoneInfo(facts.zone)

    async def market(
        self, day: date, now: datetime, *, segment: str = "", region: str = "", known: date | None = None
    ) -> Market:
        """As of the end of ``day``, at the latest ``now``, with the ends of the months before it."""
        days = [*_month_ends(day), day]
        ends = [min(begin(one + DAY, self._zone), now) for one in days]
        rows = await self._facts.rows(
            "market",
            known,
            lasts=[number(one) for one in days],
            ends=[milliseconds(end) for end in ends],
            grace=self._how.grace_days * _DAY_MS,
            now=milliseconds(now),
            segment=segment,
            region=region,
        )
        last = [row for row in rows if row["p"] == len(days)]
        wholes = {row["p"]: _cell(row) for row in rows if row["level"] == _ALL}
        whole = wholes.get(len(days), _NOBODY)
        by = {level: [_cell(row) for row in last if row["level"] == level] for level in range(4)}
        return Market(
            day=day,
            currency=self._facts.currency,
            whole=whole,
            cells=by[_BOTH],
            segments=by[_SEGMENT],
            regions=by[_REGION],
            trend=[_reached(one, wholes.get(at, _NOBODY)) for at, one in enumerate(days, start=1)],
            doubts=_doubts([row for row in last if row["level"] == _ALL]),
        )


def _month_ends(day: date) -> list[date]:
    found: list[date] = []
    first = day.replace(day=1)
    while len(found) < MONTHS - 1:
        last = first - DAY
        found.append(last)
        first = last.replace(day=1)
    return found[::-1]


def _cell(row: Mapping[str, Any]) -> Cell:
    beyond, outside = int(row["won_beyond"]), int(row["won_outside"])
    won = int(row["won_sam"]) + beyond + outside
    addressable = int(row["sam"]) + beyond + outside
    bound = wilson(won, addressable)
    value = row["sam_value"] + row["arr_added"]
    return Cell(
        segment=str(row["segment"]),
        region=str(row["region"]),
        tam=int(row["tam"]),
        sam=int(row["sam"]),
        som=int(row["som"]),
        won=won,
        addressable=addressable,
        outside=outside,
        beyond=beyond,
        penetration=won / addressable if addressable else None,
        low=bound.low if bound else None,
        high=bound.high if bound else None,
        arr=row["arr"],
        value=value,
        value_penetration=(row["arr_sam"] + row["arr_added"]) / value if value else None,
        unvalued=int(row["unvalued"]),
    )


_COUNTS = ("tam", "sam", "som", "won_sam", "won_beyond", "won_outside", "unvalued")
_MONEY = ("sam_value", "arr_sam", "arr", "arr_added")
_NOBODY: Final = _cell({"segment": "", "region": "", **dict.fromkeys((*_COUNTS, *_MONEY), 0.0)})


def _reached(day: date, cell: Cell) -> Reached:
    return Reached(day, cell.penetration, cell.won, cell.addressable, cell.value_penetration)


def _doubts(rows: Sequence[Mapping[str, Any]]) -> list[Doubt]:
    said = {
        "won_beyond": "customers are listed outside the addressable market (SAM); they are added to it",
        "won_outside": "customers are not on the list of the market; they are added to both sides",
        "over": "customers pay more than their company's whole value on the list",
        "unvalued": "addressable companies have no value; they are left out of the share of value",
        "unpriced": "amounts have no exchange rate and are left out",
    }
    return [Doubt(text, int(row[name])) for row in rows for name, text in said.items() if row[name]]
