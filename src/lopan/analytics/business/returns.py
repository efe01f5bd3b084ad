"""The return on the roll-out from facts: what every month of the window saved and cost, against the baseline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from lopan.analytics.business import measured, roi
from lopan.analytics.business.ledger import Hours, Ledger, Output, Scope, Spent, Stock
from lopan.analytics.business.roi import Benefit, MonthOf, Result
from lopan.analytics.calendar import DAY, Dates
from lopan.catalog.business import Business, Line
from lopan.catalog.workdays import number
from lopan.control.baselines import Baseline, Frozen
from lopan.store.base import Param

_YEAR = 365


class Doubt(msgspec.Struct, frozen=True):
    """Something about the data that makes a figure less certain: ``what`` in words, and how often (or how much)."""

    what: str
    amount: float = 0.0


class Roi(msgspec.Struct, frozen=True, kw_only=True):
    """The return over ``dates``, None when nothing is known of the window yet.

    ``growth`` is g = P1 / P0 - 1, shown alone; ``release`` is the cash that a smaller stock set free once, which is no
    profit. Months after ``closed`` may still change by late invoices.
    """

    dates: Dates | None
    currency: str
    baseline: int | None
    baseline_dates: Dates | None
    approved_by: str
    growth: float | None
    hours: float
    rate: float | None
    release: float | None
    closed: date | None
    result: Result | None
    doubts: list[Doubt]


class _Sums(msgspec.Struct):
    """What the ledger says of all months."""

    hours: list[Hours]
    output: list[Output]
    spent: list[Spent]
    stock: list[Stock]
    booked: list[dict[str, Any]]
    stocked: dict[str, Dates]


class Returns:
    """Computes the return for one site or all; the settings say what counts."""

    def __init__(self, ledger: Ledger, how: Business) -> None:
        self._ledger, self._how = ledger, how

    async def roi(self, baseline: Baseline | None, scope: Scope) -> Roi:
        """Over the window up to ``scope.today``."""
        currency = self._ledger.facts.currency
        doubts: list[Doubt] = []
        if baseline is not None and baseline.currency != currency:
            doubts.append(Doubt(f"the baseline is in {baseline.currency}; freeze one in {currency}"))
            baseline = None
        if baseline is None:
            doubts.append(Doubt("no baseline is approved: labour, inventory and quality are left out"))
        start = await self._start(baseline, scope)
        dates = Dates(start, scope.today) if start is not None and start <= scope.today else None
        sums = await self._sums(list(months(dates)), scope) if dates else None
        rate = self._rate(sums)
        whole = baseline.frozen.at(scope.site) if baseline else None
        made = self._months(dates, sums, whole, rate, scope, doubts) if dates and sums else None
        earned, hours = measured.worked(sums.hours, self._how.roi.hours) if sums else (0.0, 0.0)
        before = measured.productivity(whole, self._how.roi.hours) if whole else None
        return Roi(
            dates=dates,
            currency=currency,
            baseline=baseline.version if baseline else None,
            baseline_dates=Dates(baseline.first, baseline.last) if baseline else None,
            approved_by=(baseline.decided_by or "") if baseline else "",
            growth=earned / hours / before - 1 if hours and before else None,
            hours=hours,
            rate=rate,
            release=_release(sums, whole, dates, scope),
            closed=self._closed(scope.today),
            result=roi.result(made, self._how.roi.phi, self._unknown(whole, rate)) if made else None,
            doubts=doubts,
        )

    async def _start(self, baseline: Baseline | None, scope: Scope) -> date | None:
        if self._how.roi.start is not None:
            return self._how.roi.start
        begun = await self._ledger.begun(scope)
        return begun or (baseline.last + DAY if baseline else None)

    async def _sums(self, periods: Sequence[Dates], scope: Scope) -> _Sums:
        asked: dict[str, Param] = {
            "firsts": [number(one.first) for one in periods],
            "lasts": [number(one.last) for one in periods],
            "first": number(periods[0].first),
            "site": scope.site,
        }
        return _Sums(
            *await asyncio.gather(
                self._ledger.hours(periods, scope),
                self._ledger.output(periods, scope),
                self._ledger.spent(periods, scope),
                self._ledger.stock(periods, scope),
                self._ledger.facts.rows("savings", scope.known, **asked),
                self._ledger.stocked(scope),
            )
        )

    def _rate(self, sums: _Sums | None) -> float | None:
        """Money for one hour: as set, else the average wage of the window."""
        if self._how.roi.loaded_rate is not None or sums is None:
            return self._how.roi.loaded_rate
        rated = sum(one.rated for one in sums.hours)
        return sum(one.wages for one in sums.hours) / rated if rated else None

    def _closed(self, today: date) -> date:
        """The last day of the last month whose costs are complete."""
        return (today - DAY * self._how.close_days).replace(day=1) - DAY

    def _unknown(self, frozen: Frozen | None, rate: float | None) -> list[Line]:
        how = self._how.roi
        priced = how.margin if how.labour == "sold" else rate
        productive = frozen is not None and measured.productivity(frozen, how.hours) is not None
        found: list[Line] = []
        if how.labour != "booked" and not (productive and priced is not None):
            found.append("labour")
        if frozen is None or not frozen.held:
            found.append("inventory")
        if frozen is None or not frozen.made:
            found.append("quality")
        return found

    def _months(
        self, dates: Dates, sums: _Sums, frozen: Frozen | None, rate: float | None, scope: Scope, doubts: list[Doubt]
    ) -> list[MonthOf]:
        made = []
        for at, month in enumerate(months(dates)):
            benefits = list(self._computed(at, month, sums, frozen, rate, scope)) if frozen else []
            costs: dict[str, float] = {}
            for row in sums.booked:
                if row["p"] == at + 1 and row["kind"] == "cost":
                    costs[row["line"]] = costs.get(row["line"], 0.0) + row["amount"]
                elif row["p"] == at + 1 and self._counts(row["line"]):
                    benefits.append(Benefit(line=row["line"], full=row["amount"], hard=bool(row["hard"])))
            whole = month.first.day == 1 and month.last < scope.today and (month.last + DAY).day == 1
            made.append(MonthOf(dates=month, benefits=benefits, costs=costs, whole=whole))
        doubts += self._doubts(sums)
        return made

    def _counts(self, line: str) -> bool:
        """Booked savings of labour are the same hours as those that are computed: never both."""
        return line != "labour" or self._how.roi.labour == "booked"

    def _computed(
        self, at: int, month: Dates, sums: _Sums, frozen: Frozen, rate: float | None, scope: Scope
    ) -> Iterator[Benefit]:
        how = self._how.roi
        earned, hours = measured.worked([one for one in sums.hours if one.period == at], how.hours)
        before = measured.productivity(frozen, how.hours)
        output = [one for one in sums.output if one.period == at]
        units = sum(one.good for one in output)
        if how.labour == "redeployed" and before and rate is not None:
            full = roi.productivity_value(hours, earned, before, rate)
            yield Benefit(line="labour", full=full, hard="labour" in how.hard, freed=True)
        elif how.labour == "sold" and before and how.margin is not None and earned:
            extra = units * (1 - hours * before / earned)
            yield Benefit(line="labour", full=extra * how.margin, hard="labour" in how.hard)
        held = _average(sums, at, month, scope)
        if frozen.held and held is not None:
            saved = (sum(one.average for one in frozen.held) - held[0]) * how.carrying_rate * held[1] / _YEAR
            yield Benefit(line="inventory", full=saved, hard="inventory" in how.hard)
        if frozen.made:
            repaired = sum(one.repair for one in sums.spent if one.period == at)
            yield Benefit(line="quality", full=_quality(output, frozen, repaired), hard="quality" in how.hard)

    def _doubts(self, sums: _Sums) -> Iterator[Doubt]:
        kinds: tuple[Iterable[Hours | Output | Spent | Stock], ...] = (sums.hours, sums.output, sums.spent, sums.stock)
        unpriced = sum(one.unpriced for kind in kinds for one in kind)
        unpriced += sum(row["unpriced"] for row in sums.booked if row["p"] > 0)
        if unpriced:
            yield Doubt("rows of money have no exchange rate and are left out", unpriced)
        if unvalued := sum(one.unvalued for one in sums.output):
            yield Doubt("work orders have no standard cost: their scrap is left out", unvalued)
        if negative := sum(one.negative for one in sums.stock):
            yield Doubt("counts of stock are less than nothing", negative)
        early = sum(row["amount"] for row in sums.booked if row["p"] == 0 and row["kind"] == "cost")
        if early:
            yield Doubt("of roll-out cost lie before the window and are left out", early)
        twice = [row for row in sums.booked if row["p"] and row["kind"] == "saving" and not self._counts(row["line"])]
        if twice:
            said = "of booked labour savings are left out: the same hours are computed"
            yield Doubt(said, sum(row["amount"] for row in twice))


def months(dates: Dates) -> Iterator[Dates]:
    """The calendar months that ``dates`` touch, cut to them."""
    first = dates.first
    while first <= dates.last:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield Dates(first, min(after - DAY, dates.last))
        first = after


def _average(sums: _Sums, at: int, month: Dates, scope: Scope) -> tuple[float, int] | None:
    """The average stock of a month, and of how many of its days it is known."""
    since = min((one.first for one in sums.stocked.values()), default=None)
    if since is None:
        return None
    days = len(Dates(max(month.first, since), min(month.last, scope.today)))
    return (sum(one.held for one in sums.stock if one.period == at) / days, days) if days else None


def _release(sums: _Sums | None, frozen: Frozen | None, dates: Dates | None, scope: Scope) -> float | None:
    if sums is None or frozen is None or not frozen.held or dates is None:
        return None
    last = len(list(months(dates))) - 1
    held = _average(sums, last, list(months(dates))[last], scope)
    return sum(one.average for one in frozen.held) - held[0] if held else None


def _quality(output: Sequence[Output], frozen: Frozen, repaired: float) -> float:
    """Scrap that was not made, at today's standard cost, and rework and warranty that were not needed a good unit."""
    rates = measured.by_product(frozen.made, lambda made: (made.good, made.scrap))
    saved = 0.0
    for one in output:
        good, scrap = rates.get(one.product, (0.0, 0.0))
        if good and one.valued:
            # Scrap at the baseline's rate would have cost as much a unit as the good ones did.
            saved += scrap / good * one.standard - one.scrap_cost
    units, before = sum(one.good for one in output), sum(made.good for made in frozen.made)
    if before:
        saved += sum(one.cost for one in frozen.repaired) * units / before - repaired
    return saved
