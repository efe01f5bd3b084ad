"""Market penetration: parent companies won of those that could be, by segment and region, as of a day and by month."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics.business.contracts import milliseconds
from lopan.analytics.calendar import DAY, begin
from lopan.analytics.facts import Facts
from lopan.analytics.intervals import wilson
from lopan.catalog.business import Retention
from lopan.catalog.workdays import number, numbered

MONTHS: Final = 12
STALE_DAYS: Final = 365
"""A list of whose rows none is younger is doubted."""
_DAY_MS = 86_400_000
_ALL, _SEGMENT, _REGION, _BOTH = range(4)
_LEVELS = {"": _ALL, "segment": _SEGMENT, "region": _REGION}
_EVERY = 10_000_000

Side = Literal["addressable", "won", "open", "outside", "beyond", "other", "unvalued", "over", "unpriced"]
"""Which companies: addressable = all that count; open = those of them not won; other = in the TAM alone, not won."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One segment in one region; "" = all of them, or not stated where ``level`` splits by it.

    ``won`` of ``addressable`` parent companies are customers; both include those who were won ``outside`` the list and
    those ``beyond`` the addressable part of it. What is listed is nested: tam >= sam >= som. ``low`` and ``high`` bound
    ``penetration`` (0 to 1) at 95 %. ``value_penetration`` is recurring revenue a year over what the addressable spend,
    of companies with a known value; ``arr`` is that of all who are won. Where no addressable company is listed there is
    no penetration: nobody said who could be won.
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
    arr_valued: float
    value_penetration: float | None
    unvalued: int

    @property
    def valued(self) -> int:
        """Addressable companies with a known value."""
        return self.addressable - self.unvalued

    @property
    def open(self) -> int:
        """Addressable companies that are not won."""
        return self.addressable - self.won


class Doubt(msgspec.Struct, frozen=True):
    """An error of the data: ``what`` in words, how often, and the ``side`` that has these companies; "" = none has."""

    what: str
    count: int
    side: Side | Literal[""] = ""


class Reached(msgspec.Struct, frozen=True):
    """The whole at the end of ``day``; as in ``Cell``."""

    day: date
    penetration: float | None
    won: int
    addressable: int
    value_penetration: float | None
    valued: int
    arr: float


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The market as of ``day``: ``cells`` by segment and region, and their totals; a total counts a company once.

    ``newest`` is the day from which on the newest row of the list holds, None without a list.
    """

    day: date
    currency: str
    newest: date | None
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


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """One parent company. ``companies`` are what the list has of it, ``accounts`` who buys; at most 20 of each.

    ``reach`` "" = not on the list. ``value`` and ``arr`` are a year's, None = not known; ``owners`` look after it.
    """

    name: str
    companies: list[str]
    accounts: list[str]
    owners: list[str]
    segments: list[str]
    regions: list[str]
    reach: Literal["", "tam", "sam", "som"]
    won: bool
    value: float | None
    arr: float
    unpriced: int


class Companies(msgspec.Struct, frozen=True):
    """One page of them, and how many there are; 0 on a page that does not exist."""

    total: int
    rows: list[Company]


class Where(msgspec.Struct, frozen=True):
    """The part of a market; None = all, "" = what is not stated. ``known`` is the day as of which it is asked."""

    segment: str | None = None
    region: str | None = None
    known: date | None = None

    @property
    def params(self) -> dict[str, list[str]]:
        """As the statements take it."""
        named = {"segments": self.segment, "regions": self.region}
        return {name: [] if value is None else [value] for name, value in named.items()}


class Markets:
    """Answers from the facts of companies, contracts and accounts."""

    def __init__(self, facts: Facts, how: Retention) -> None:
        self._facts, self._how = facts, how
        self._zone = ZoneInfo(facts.zone)

    async def market(self, day: date, now: datetime, where: Where = Where()) -> Market:
        """As of the end of ``day``, at the latest ``now``, with the ends of the months before it."""
        before = _month_ends(day)
        rows, earlier = await asyncio.gather(
            self._rows("market", [day], now, where, levels=[_ALL, _SEGMENT, _REGION, _BOTH]),
            self.cells(before, now, where),
        )
        by = {level: [row for row in rows if row["level"] == level] for level in range(4)}
        whole = _cell(by[_ALL][0]) if by[_ALL] else NOBODY
        trend = dict(earlier)
        newest = numbered(by[_ALL][0]["newest"]) if whole.tam else None
        return Market(
            day=day,
            currency=self._facts.currency,
            newest=newest,
            whole=whole,
            cells=[_cell(row) for row in by[_BOTH]],
            segments=[_cell(row) for row in by[_SEGMENT]],
            regions=[_cell(row) for row in by[_REGION]],
            trend=[
                *(_reached(one, trend.get(at, NOBODY)) for at, one in enumerate(before)),
                _reached(day, whole),
            ],
            doubts=_doubts(by[_ALL], day, newest),
        )

    async def cells(
        self, days: Sequence[date], now: datetime, where: Where = Where(), by: str = ""
    ) -> list[tuple[int, Cell]]:
        """The market as of the end of each of ``days``, by its place among them; none where there is nobody.

        ``by`` is segment or region, "" = the whole.
        """
        rows = await self._rows("market", days, now, where, levels=[_LEVELS[by]])
        return [(row["p"] - 1, _cell(row)) for row in rows]

    async def companies(
        self, day: date, now: datetime, where: Where, side: Side = "addressable", most: int = _EVERY, skip: int = 0
    ) -> Companies:
        """Who is behind a cell as of the end of ``day``, the largest first."""
        rows = await self._rows("market_companies", [day], now, where, side=side, most=most, skip=skip)
        return Companies(rows[0]["total"] if rows else 0, [_company(row) for row in rows])

    async def values(self, most: int) -> dict[str, list[str]]:
        """Segments and regions that there are, at most so many of each."""
        found: dict[str, list[str]] = {"segment": [], "region": []}
        for row in await self._facts.rows("market_values", most=most):
            found[row["name"]].append(row["value"])
        return found

    async def _rows(
        self, name: str, days: Sequence[date], now: datetime, where: Where, **more: Any
    ) -> list[dict[str, Any]]:
        if not days:
            return []
        ends = [min(begin(one + DAY, self._zone), now) for one in days]
        return await self._facts.rows(
            name,
            where.known,
            lasts=[number(one) for one in days],
            ends=[milliseconds(end) for end in ends],
            grace=self._how.grace_days * _DAY_MS,
            now=milliseconds(now),
            **where.params,
            **more,
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
    beyond, outside, sam = int(row["won_beyond"]), int(row["won_outside"]), int(row["sam"])
    won = int(row["won_sam"]) + beyond + outside
    addressable = sam + beyond + outside
    bound = wilson(won, addressable) if sam else None
    listed, value = row["sam_value"], row["sam_value"] + row["arr_added"]
    arr = row["arr_sam"] + row["arr_added"]
    return Cell(
        segment=str(row["segment"]),
        region=str(row["region"]),
        tam=int(row["tam"]),
        sam=sam,
        som=int(row["som"]),
        won=won,
        addressable=addressable,
        outside=outside,
        beyond=beyond,
        penetration=won / addressable if sam else None,
        low=bound.low if bound else None,
        high=bound.high if bound else None,
        arr=row["arr"],
        value=value,
        arr_valued=arr,
        value_penetration=arr / value if listed > 0 else None,
        unvalued=int(row["unvalued"]),
    )


_COUNTS = ("tam", "sam", "som", "won_sam", "won_beyond", "won_outside", "unvalued")
_MONEY = ("sam_value", "arr_sam", "arr", "arr_added")
NOBODY: Final = _cell({"segment": "", "region": "", **dict.fromkeys((*_COUNTS, *_MONEY), 0.0)})
"""A market without anybody."""


def _reached(day: date, cell: Cell) -> Reached:
    return Reached(day, cell.penetration, cell.won, cell.addressable, cell.value_penetration, cell.valued, cell.arr)


def _company(row: Mapping[str, Any]) -> Company:
    names = row["names"] if not row["reach"] else []
    return Company(
        name=names[0] if len(names) == 1 else str(row["entity"]),
        **{name: row[name] for name in ("companies", "accounts", "owners", "segments", "regions", "arr")},
        reach=("", "tam", "sam", "som")[row["reach"]],
        won=bool(row["won"]),
        value=row["value"] if row["reach"] and row["valued"] else None,
        unpriced=int(row["missing"]),
    )


def _doubts(rows: Sequence[Mapping[str, Any]], day: date, newest: date | None) -> list[Doubt]:
    said: dict[Side, tuple[str, str]] = {
        "beyond": ("won_beyond", "customers are listed outside the addressable market (SAM); they are added to it"),
        "outside": ("won_outside", "customers are not on the list of the market; they are added to both sides"),
        "over": ("over", "customers pay more than their company's whole value on the list"),
        "unvalued": ("unvalued", "addressable companies have no value; they are left out of the share of value"),
        "unpriced": ("unpriced", "amounts have no exchange rate and are left out"),
    }
    found = [Doubt(text, int(row[name]), side) for row in rows for side, (name, text) in said.items() if row[name]]
    age = (day - newest).days if newest else 0
    if age > STALE_DAYS:
        found.append(Doubt("days is the age of the newest row of the list: review it and import it again", age))
    return found
