"""The KPIs of money in the form every KPI has: by part, bucket and key, as numerators and denominators."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from lopan.analytics.business import measured
from lopan.analytics.business.ledger import Ledger, Output, Scope, Spent, allocated
from lopan.analytics.business.market import Cell, Markets, Where
from lopan.analytics.business.revenue import Buyers, Movement, Revenue, Who
from lopan.analytics.business.timetovalue import Group, TimesToValue, report
from lopan.analytics.calendar import DAY, Dates, local
from lopan.analytics.factkpis import buckets
from lopan.analytics.facts import Facts
from lopan.analytics.query import FactQuery, Row, Sums
from lopan.catalog import Kpi, Narrow, Part
from lopan.catalog.business import Business
from lopan.catalog.workdays import Workdays, number
from lopan.control.baselines import Baseline, Frozen

_INSTANT = timedelta(milliseconds=1)
_YEAR = 365

AGAINST: Final = frozenset(("labour", "work_order", "cost", "rollout_cost"))
"""Facts whose figures move when another baseline is approved."""

Approved = Callable[[], Awaitable[Baseline | None]]
"""Asks for the baseline that is approved at this moment."""


class Cut(NamedTuple):
    """One period to be measured: the half and bucket (day from 1970, 0 = the whole part) it is for."""

    half: int
    t: int
    dates: Dates


class Asked(NamedTuple):
    """What is wanted of every cut."""

    cuts: list[Cut]
    by: str
    narrow: Narrow
    now: datetime
    scope: Scope
    regions: Mapping[str, str]

    @property
    def periods(self) -> list[Dates]:
        """The days of every cut."""
        return [cut.dates for cut in self.cuts]

    def key(self, site: str, product: str = "") -> str:
        """Where a row is counted."""
        return {"site": site, "product": product, "region": self.regions.get(site, "")}.get(self.by, "")


Found = dict[tuple[int, str], Sums]
"""Sums by (number of the cut, key)."""


def queries(
    facts: Facts, how: Business, approved: Approved, times: TimesToValue | None = None
) -> Mapping[str, FactQuery]:
    """Every query of money by the name that catalog entries give; those of time to value only with ``times``."""
    ledger, revenue = Ledger(facts), Revenue(facts, how.retention)
    contracts: dict[str, Callable[[Movement], Sums]] = {
        "customer_retention": lambda one: Sums(one.kept, one.begun, one.begun),
        "mrr": lambda one: Sums(one.after, 1, one.ended),
        "nrr": lambda one: Sums(one.retained, one.before, one.begun),
        "grr": lambda one: Sums(one.still, one.before, one.begun),
        "revenue_churn": lambda one: Sums(one.churned, one.before, one.begun),
        "mrr_expansion": lambda one: Sums(one.expanded, one.before, one.begun),
    }
    markets = Markets(facts, how.retention)
    reached: dict[str, Callable[[Cell], Sums]] = {
        "market_penetration": lambda one: _share(one.won, one.addressable, one.addressable, one.penetration),
        "market_penetration_value": lambda one: _share(one.arr_valued, one.value, one.valued, one.value_penetration),
    }
    return {
        "inventory_turnover": _Turnover(facts, ledger, days=False),
        "inventory_days": _Turnover(facts, ledger, days=True),
        "scrap_cost_rate": _Scrap(facts, ledger),
        "waste_reduction": _Waste(facts, ledger, approved),
        "labour_productivity": _Productivity(facts, ledger, how.roi.hours),
        "labour_productivity_change": _Change(facts, ledger, how.roi.hours, approved),
        "cost_per_unit": _UnitCost(facts, ledger),
        "cost_per_unit_change": _CostChange(facts, ledger, approved),
        "customer_retention_orders": _Buyers(facts, revenue),
        **{name: _Contracts(facts, revenue, take) for name, take in contracts.items()},
        **{name: _Reached(facts, markets, take) for name, take in reached.items()},
        **({name: _Value(facts, times, take) for name, take in _VALUES.items()} if times else {}),
    }


class Base(ABC):
    """Answers for whole periods; what is asked of each is one question for all of them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._zone = ZoneInfo(facts.zone)

    async def rows(
        self, kpi: Kpi, parts: Sequence[Part], step: int, by: str, narrow: Narrow, days: Workdays, now: datetime
    ) -> list[Row]:
        """As ``FactQuery`` has it."""
        scope = Scope(local(now - _INSTANT, self._zone), narrow.site, narrow.product, narrow.region, narrow.known)
        regions = dict(zip(days.sites, days.regions, strict=True))
        cuts = [cut for part in parts for cut in self._cuts(kpi, part, step)]
        found = await self._found(Asked(cuts, by, narrow, now, scope, regions))
        return [Row(cuts[at].half, cuts[at].t, key, sums) for (at, key), sums in sorted(found.items())]

    @abstractmethod
    async def _found(self, asked: Asked) -> Found: ...

    def _cuts(self, kpi: Kpi, part: Part, step: int) -> list[Cut]:
        dates = Dates(local(part.start, self._zone), local(part.end - _INSTANT, self._zone))
        if not step:
            return [Cut(part.half, 0, dates)]
        cuts = []
        for first, last in buckets(dates, step):
            end = min(last, dates.last)
            # A figure of trailing days is one at every point of its chart.
            begin = end - DAY * (kpi.trailing_days - 1) if kpi.trailing_days else max(first, dates.first)
            cuts.append(Cut(part.half, number(first), Dates(begin, end)))
        return cuts


class _Of(Base):
    def __init__(self, facts: Facts, ledger: Ledger) -> None:
        super().__init__(facts)
        self._ledger = ledger


class _Turnover(_Of):
    """Cost of what was sold over the average stock, for a year; or the days that the stock lasts."""

    def __init__(self, facts: Facts, ledger: Ledger, *, days: bool) -> None:
        super().__init__(facts, ledger)
        self._days = days

    async def _found(self, asked: Asked) -> Found:
        scope = asked.scope
        spent, stock, known = await asyncio.gather(
            self._ledger.spent(asked.periods, scope),
            self._ledger.stock(asked.periods, scope, asked.by),
            self._ledger.stocked(scope),
        )
        sold: dict[tuple[int, str], tuple[float, int]] = {}
        for one in spent:
            place = (one.period, asked.key(one.site, one.product))
            amount, n = sold.get(place, (0.0, 0))
            sold[place] = (amount + one.cogs, n + one.sold)
        held: dict[tuple[int, str], float] = {}
        begun: dict[str, int] = {}
        for lying in stock:
            key = asked.key(lying.site, lying.product)
            held[lying.period, key] = held.get((lying.period, key), 0.0) + lying.held
            since = number(known[lying.site].first) if lying.site in known else 0
            begun[key] = min(begun.get(key, since), since)
        found: Found = {}
        for (at, key), total in held.items():
            cogs, n = sold.get((at, key), (0.0, 0))
            dates = asked.cuts[at].dates
            length = number(min(dates.last, scope.today)) - number(dates.first) + 1
            covered = number(min(dates.last, scope.today)) - max(number(dates.first), begun[key]) + 1
            average, yearly = total / covered, cogs * _YEAR / length
            found[at, key] = Sums(average * _YEAR, yearly, n) if self._days else Sums(yearly, average, n)
        return found


class _Scrap(_Of):
    """Standard cost of what was scrapped over that of what was made."""

    async def _found(self, asked: Asked) -> Found:
        found: Found = {}
        for one in await self._ledger.output(asked.periods, asked.scope):
            at = (one.period, asked.key(one.site, one.product))
            valued = one.n - one.unvalued - one.unpriced
            sums = Sums(one.scrap_cost, one.standard + one.scrap_cost, valued)
            found[at] = found.get(at, Sums()).plus(sums)
        return found


class _Productivity(_Of):
    """Standard hours earned in an hour."""

    def __init__(self, facts: Facts, ledger: Ledger, hours: str) -> None:
        super().__init__(facts, ledger)
        self._hours = hours

    async def _found(self, asked: Asked) -> Found:
        found: Found = {}
        for one in await self._ledger.hours(asked.periods, asked.scope):
            at = (one.period, asked.key(one.site))
            found[at] = found.get(at, Sums()).plus(Sums(one.earned, getattr(one, self._hours), one.n))
        return found


class _UnitCost(_Of):
    """Cost of making over good units, with a share of what belongs to no product."""

    async def _found(self, asked: Asked) -> Found:
        scope = asked.scope._replace(product="")
        spent, output = await asyncio.gather(
            self._ledger.spent(asked.periods, scope), self._ledger.output(asked.periods, scope)
        )
        costs = allocated(spent, output)
        counted = _entries(spent)
        found: Found = {}
        for (at, site, product), amount in costs.items():
            if asked.scope.product in ("", product):
                key = (at, asked.key(site, product))
                found[key] = found.get(key, Sums()).plus(Sums(amount, 0, counted.get((at, site, product), 0)))
        for made in output:
            if asked.scope.product in ("", made.product):
                key = (made.period, asked.key(made.site, made.product))
                found[key] = found.get(key, Sums()).plus(Sums(0, made.good, 0))
        return found


class _Against(_Of):
    """Measured against the part of the baseline that belongs to the same site and product."""

    def __init__(self, facts: Facts, ledger: Ledger, approved: Approved) -> None:
        super().__init__(facts, ledger)
        self._approved = approved

    async def _base(self, asked: Asked) -> Callable[[str], Frozen]:
        """The baseline by key; empty where none is approved, or was in another currency."""
        baseline = await self._approved()
        if baseline is None or baseline.currency != self._facts.currency:
            return lambda key: Frozen()
        sites = {site for site, region in asked.regions.items() if asked.scope.region in ("", region)}
        whole = baseline.frozen.at(asked.scope.site, asked.scope.product)

        def part(key: str) -> Frozen:
            def here(site: str, product: str) -> bool:
                inside = not asked.scope.region or site in sites
                return inside and (not asked.by or asked.key(site, product) == key)

            return Frozen(
                made=[one for one in whole.made if here(one.site, one.product)],
                worked=[one for one in whole.worked if here(one.site, "")],
            )

        return part


class _Waste(_Against):
    """How much less scrap costs than at the baseline's rates, at its product mix."""

    async def _found(self, asked: Asked) -> Found:
        base, output = await self._base(asked), await self._ledger.output(asked.periods, asked.scope)
        found: Found = {}
        for (at, key), here in _together(asked, output).items():
            index = measured.waste(here, base(key))
            found[at, key] = Sums(index.base - index.now, index.base, round(index.units))
        return found


class _CostChange(_Against):
    """How much more the baseline's units would cost now."""

    async def _found(self, asked: Asked) -> Found:
        base, scope = await self._base(asked), asked.scope._replace(product="")
        spent, output = await asyncio.gather(
            self._ledger.spent(asked.periods, scope), self._ledger.output(asked.periods, scope)
        )
        costs = allocated(spent, output)
        wanted = [one for one in output if asked.scope.product in ("", one.product)]
        found: Found = {}
        for (at, key), here in _together(asked, wanted).items():
            index = measured.cost(costs, here, base(key))
            found[at, key] = Sums(index.now - index.base, index.base, round(index.units))
        return found


class _Change(_Against):
    """Productivity against that of the baseline."""

    def __init__(self, facts: Facts, ledger: Ledger, hours: str, approved: Approved) -> None:
        super().__init__(facts, ledger, approved)
        self._hours = hours

    async def _found(self, asked: Asked) -> Found:
        base = await self._base(asked)
        found: Found = {}
        for one in await self._ledger.hours(asked.periods, asked.scope):
            key = asked.key(one.site)
            before = measured.productivity(base(key), self._hours)
            if before is not None:
                hours = getattr(one, self._hours)
                sums = Sums(one.earned / before - hours, hours, one.n)
                found[one.period, key] = found.get((one.period, key), Sums()).plus(sums)
        return found


class _Contracts(Base):
    """Figures of recurring revenue."""

    def __init__(self, facts: Facts, revenue: Revenue, take: Callable[[Movement], Sums]) -> None:
        super().__init__(facts)
        self._revenue, self._take = revenue, take

    async def _found(self, asked: Asked) -> Found:
        rows = await self._revenue.movements(asked.periods, _who(asked), asked.now)
        return {(one.period, one.k): self._take(one) for one in rows}


class _Buyers(Base):
    """Who goes on ordering."""

    def __init__(self, facts: Facts, revenue: Revenue) -> None:
        super().__init__(facts)
        self._revenue = revenue

    async def _found(self, asked: Asked) -> Found:
        rows: list[Buyers] = await self._revenue.buyers(asked.periods, _who(asked), asked.now)
        return {(one.period, one.k): Sums(one.kept, one.begun, one.begun) for one in rows}


class _Reached(Base):
    """The market as of the last day of each cut."""

    def __init__(self, facts: Facts, markets: Markets, take: Callable[[Cell], Sums]) -> None:
        super().__init__(facts)
        self._markets, self._take = markets, take

    async def _found(self, asked: Asked) -> Found:
        narrow = asked.narrow
        days = [min(cut.dates.last, asked.scope.today) for cut in asked.cuts]
        where = Where(narrow.segment or None, narrow.region or None, narrow.known)
        cells = await self._markets.cells(days, asked.now, where, asked.by)
        return {(at, getattr(cell, asked.by) if asked.by else ""): self._take(cell) for at, cell in cells}


def _share(above: float, below: float, n: int, known: float | None) -> Sums:
    """Nothing below the line where the market has no such figure."""
    return Sums(above, 0.0 if known is None else below, n)


def _by_day(by: int) -> Callable[[Group], float | None]:
    return lambda group: group.mark(by).share


_VALUES: Mapping[str, Callable[[Group], float | None]] = {
    "time_to_value": lambda group: group.median,
    "value_by_day_90": _by_day(90),
}


class _Value(Base):
    """Time to value of the accounts that began in a cut, as of its last day that is over."""

    def __init__(self, facts: Facts, times: TimesToValue, take: Callable[[Group], float | None]) -> None:
        super().__init__(facts)
        self._times, self._take = times, take

    async def _found(self, asked: Asked) -> Found:
        narrow, over = asked.narrow, local(asked.now, self._zone) - DAY
        cuts = {at: cut.dates for at, cut in enumerate(asked.cuts) if cut.dates.first <= over}
        if not cuts:
            return {}
        first, last = min(one.first for one in cuts.values()), max(one.last for one in cuts.values())
        paths = await self._times.paths(min(last, over), since=first, known=narrow.known)
        found: Found = {}
        for at, dates in cuts.items():
            day = min(dates.last, over)
            told = report(paths, dates, day, "", by=asked.by, segment=narrow.segment, region=narrow.region)
            for one in told.groups if asked.by else [told.whole]:
                value = self._take(one)
                found[at, one.key] = Sums(0, 0, one.n) if value is None else Sums(value, 1, one.n)
        return found


def _who(asked: Asked) -> Who:
    narrow = asked.narrow
    return Who(narrow.customer, narrow.segment, narrow.region, asked.by, narrow.known)


def _together(asked: Asked, output: Sequence[Output]) -> dict[tuple[int, str], list[Output]]:
    found: dict[tuple[int, str], list[Output]] = {}
    for one in output:
        found.setdefault((one.period, asked.key(one.site, one.product)), []).append(one)
    return found


def _entries(spent: Sequence[Spent]) -> dict[tuple[int, str, str], int]:
    return {(one.period, one.site, one.product): one.made for one in spent}
