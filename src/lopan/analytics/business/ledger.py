"""What facts of work, cost and stock come to by period, site and product: what figures of money are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lopan.analytics.calendar import Dates
from lopan.analytics.facts import Facts
from lopan.catalog.workdays import Workdays, number, numbered
from lopan.store.base import Param


class Scope(NamedTuple):
    """Of what: ``today`` is the last day that can hold anything, ``known`` the day as of which it is asked."""

    today: date
    site: str = ""
    product: str = ""
    region: str = ""
    known: date | None = None


class Hours(NamedTuple):
    """Hours of one site in one period; ``rated`` of those paid have a wage, all together ``wages``."""

    period: int
    site: str
    n: int
    paid: float
    direct: float
    earned: float
    wages: float
    rated: float
    unpriced: int


class Output(NamedTuple):
    """Units of one product; ``valued`` of the good ones have a standard cost, all together ``standard``."""

    period: int
    site: str
    product: str
    n: int
    good: float
    scrap: float
    standard: float
    scrap_cost: float
    valued: float
    unvalued: int
    unpriced: int


class Spent(NamedTuple):
    """Money by what it was for; ``made``, ``repaired`` and ``sold`` count the entries."""

    period: int
    site: str
    product: str
    n: int
    making: float
    repair: float
    cogs: float
    made: int
    repaired: int
    sold: int
    unpriced: int


class Stock(NamedTuple):
    """Money times days of what lay at a site; ``negative`` entries were less than nothing."""

    period: int
    site: str
    product: str
    held: float
    unpriced: int
    negative: int


class Ledger:
    """Sums of facts for several periods at once; periods do not overlap, days are production days of each site."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    async def hours(self, periods: Sequence[Dates], scope: Scope) -> list[Hours]:
        """By period and site; products have no hours of their own."""
        return [Hours(*row.values()) for row in await self._rows("hours", periods, scope)]

    async def output(self, periods: Sequence[Dates], scope: Scope) -> list[Output]:
        """By period, site and product, of orders that ended."""
        return [Output(*row.values()) for row in await self._rows("made", periods, scope)]

    async def spent(self, periods: Sequence[Dates], scope: Scope) -> list[Spent]:
        """By period, site and product; what belongs to no product is its own row."""
        return [Spent(*row.values()) for row in await self._rows("costs", periods, scope)]

    async def stock(self, periods: Sequence[Dates], scope: Scope, by: str = "") -> list[Stock]:
        """By period and site, and by product when ``by`` is ``product``."""
        return [Stock(*row.values()) for row in await self._rows("stock", periods, scope, by=by)]

    async def stocked(self, scope: Scope) -> dict[str, Dates]:
        """The first and the newest day for which the stock of each site is known."""
        rows = await self.facts.rows("stock_begun", scope.known, site=scope.site)
        found = {row["site"]: Dates(numbered(row["since"]), numbered(row["newest"])) for row in rows}
        regions = await self.regions([Dates(scope.today, scope.today)], scope) if scope.region else {}
        return {site: days for site, days in found.items() if scope.region in ("", regions.get(site, ""))}

    async def begun(self, scope: Scope) -> date | None:
        """The day of the first cost of the roll-out; None where nothing was spent on it."""
        rows = await self.facts.rows("rollout_begun", scope.known, site=scope.site)
        return numbered(rows[0]["first"]) if rows else None

    async def regions(self, periods: Sequence[Dates], scope: Scope) -> Mapping[str, str]:
        """The region of every site."""
        return _regions(await self._workdays(periods, scope))

    async def _rows(self, name: str, periods: Sequence[Dates], scope: Scope, **more: Param) -> list[dict[str, Any]]:
        if not periods:
            return []
        days = await self._workdays(periods, scope)
        rows = await self.facts.rows(name, scope.known, **_params(periods, scope, days), **more)
        regions = _regions(days)
        kept = [row for row in rows if scope.region in ("", regions.get(row["site"], ""))]
        return [{**row, "p": row["p"] - 1} for row in kept]

    async def _workdays(self, periods: Sequence[Dates], scope: Scope) -> Workdays:
        around = Dates(min(one.first for one in periods), max(one.last for one in periods))
        return await self.facts.workdays(around, scope.known, scope.site)


def allocated(spent: Sequence[Spent], output: Sequence[Output]) -> dict[tuple[int, str, str], float]:
    """Cost of making by (period, site, product), what belongs to no product shared out by standard cost.

    By good units where some of them have none; what nothing was made beside stays with the product "".
    """
    found: dict[tuple[int, str, str], float] = {}
    for one in spent:
        for key, share in _shares(one, output).items():
            found[key] = found.get(key, 0.0) + one.making * share
    return found


def _shares(spent: Spent, output: Sequence[Output]) -> dict[tuple[int, str, str], float]:
    """Where the cost belongs, by which part of it."""
    whole = {(spent.period, spent.site, spent.product): 1.0}
    if spent.product:
        return whole
    here = [one for one in output if one.period == spent.period and spent.site in ("", one.site)]
    standard = all(one.valued == one.good for one in here)
    weights = {(one.period, one.site, one.product): one.standard if standard else one.good for one in here}
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()} if total > 0 else whole


def _params(periods: Sequence[Dates], scope: Scope, days: Workdays) -> dict[str, Param]:
    firsts, lasts = [number(one.first) for one in periods], [number(one.last) for one in periods]
    return {
        **days.params,
        "start": days.start,
        "end": days.end,
        "firsts": firsts,
        "lasts": lasts,
        "first": min(firsts),
        "last": max(lasts),
        "today": number(scope.today),
        "site": scope.site,
        "product": scope.product,
    }


def _regions(days: Workdays) -> dict[str, str]:
    return dict(zip(days.sites, days.regions, strict=True))
