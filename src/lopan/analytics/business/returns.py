"""The return on the roll-out from facts: what every month of the window saved and cost, against the baseline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics.business import roi
from lopan.analytics.business.benefits import Benefits, Sums
from lopan.analytics.business.ledger import Hours, Ledger, Output, Scope, Spent, Stock
from lopan.analytics.business.roi import Result
from lopan.analytics.calendar import DAY, Dates, local
from lopan.catalog.business import Business
from lopan.catalog.workdays import number
from lopan.control.baselines import SHORTEST, Baseline
from lopan.store.base import Param


class Doubt(msgspec.Struct, frozen=True):
    """Something about the data that makes a figure less certain: ``what``, and how often, or how much ``money``."""

    what: str
    amount: float = 0.0
    money: bool = False


class Roi(msgspec.Struct, frozen=True, kw_only=True):
    """The return over ``dates``, None when nothing is known of the window yet.

    ``growth`` is g = P1 / P0 - 1, shown alone; ``release`` is the cash that a smaller stock set free once, which is no
    profit. Months after ``closed`` may still change by late invoices. ``worked`` counts the entries behind ``hours``.
    """

    dates: Dates | None
    currency: str
    baseline: int | None
    baseline_dates: Dates | None
    approved_by: str
    growth: float | None
    hours: float
    worked: int
    rate: float | None
    release: float | None
    closed: date | None
    result: Result | None
    doubts: list[Doubt]


class Returns:
    """Computes the return for one site or all; the settings say what counts."""

    def __init__(self, ledger: Ledger, how: Business) -> None:
        self._ledger, self._how = ledger, how

    async def roi(
        self, baseline: Baseline | None, scope: Scope, first: date | None = None, last: date | None = None
    ) -> Roi:
        """From ``first``, else since the roll-out began, up to ``last``, else up to ``scope.today``."""
        currency = self._ledger.facts.currency
        base = self._fit(baseline)
        start = first or await self._start(base, scope)
        dates = _window(start, min(last or scope.today, scope.today))
        months_of = [*months(dates)] if dates else []
        found = self._benefits(await self._sums(months_of, scope), base, scope) if dates else None
        doubts = self._unfit(baseline, scope, dates)
        return Roi(
            dates=dates,
            currency=currency,
            baseline=base.version if base else None,
            baseline_dates=Dates(base.first, base.last) if base else None,
            approved_by=(base.decided_by or "") if base else "",
            growth=found.growth if found else None,
            hours=found.hours if found else 0.0,
            worked=sum(one.n for one in found.sums.hours) if found else 0,
            rate=found.rate if found else self._how.roi.loaded_rate,
            release=found.release if found else None,
            closed=self._closed(scope.today),
            result=self._result(found) if found else None,
            doubts=[*doubts, *_doubts(found)] if found else doubts,
        )

    async def course(self, baseline: Baseline | None, scope: Scope, ends: Iterable[date]) -> dict[date, Result]:
        """What ``roi`` says at each of ``ends``, in one question; without those before the window opens."""
        base = self._fit(baseline)
        start = await self._start(base, scope)
        windows = {end: found for end in ends if (found := _window(start, end)) is not None}
        if not windows:
            return {}
        needed = {end: [*months(dates)] for end, dates in windows.items()}
        sums = await self._sums([*dict.fromkeys(month for one in needed.values() for month in one)], scope)
        return {end: self._result(self._benefits(sums.within(own), base, scope)) for end, own in sorted(needed.items())}

    def _benefits(self, sums: Sums, base: Baseline | None, scope: Scope) -> Benefits:
        return Benefits(sums, base.frozen.at(scope.site) if base else None, self._how.roi, scope)

    def _result(self, found: Benefits) -> Result:
        return roi.result(found.months(), self._how.roi.phi, found.unknown())

    def _fit(self, baseline: Baseline | None) -> Baseline | None:
        """What can be measured against: a baseline in the currency of the report."""
        return baseline if baseline is not None and baseline.currency == self._ledger.facts.currency else None

    def _unfit(self, baseline: Baseline | None, scope: Scope, dates: Dates | None) -> list[Doubt]:
        """What is wrong with the baseline itself."""
        facts, doubts = self._ledger.facts, []
        if baseline is not None and baseline.currency != facts.currency:
            doubts.append(Doubt(f"the baseline is in {baseline.currency}; freeze one in {facts.currency}"))
        if self._fit(baseline) is None or baseline is None:
            return [*doubts, Doubt("no baseline is approved: labour, inventory and quality are left out")]
        if baseline.short:
            doubts.append(
                Doubt(f"days are all that the baseline has; it should have {SHORTEST} at least", baseline.days)
            )
        decided = local(baseline.decided_at, ZoneInfo(facts.zone)) if baseline.decided_at else None
        if scope.known is not None and decided is not None and decided > scope.known:
            doubts.append(Doubt(f"the baseline was approved later, on {decided}, than the day as of which it is asked"))
        if dates and (shared := len(Dates(max(dates.first, baseline.first), min(dates.last, baseline.last)))):
            said = "days of the window lie in the baseline, where nothing can have been saved yet"
            doubts.append(Doubt(said, shared))
        return doubts

    async def _start(self, baseline: Baseline | None, scope: Scope) -> date | None:
        if self._how.roi.start is not None:
            return self._how.roi.start
        begun = await self._ledger.begun(scope)
        return begun or (baseline.last + DAY if baseline else None)

    async def _sums(self, periods: list[Dates], scope: Scope) -> Sums:
        asked: dict[str, Param] = {
            "firsts": [number(one.first) for one in periods],
            "lasts": [number(one.last) for one in periods],
            "first": min(number(one.first) for one in periods),
            "site": scope.site,
        }
        hours, output, spent, stock, booked, stocked = await asyncio.gather(
            self._ledger.hours(periods, scope),
            self._ledger.output(periods, scope),
            self._ledger.spent(periods, scope),
            self._ledger.stock(periods, scope),
            self._ledger.facts.rows("savings", scope.known, **asked),
            self._ledger.stocked(scope),
        )
        own, shared = ([row for row in booked if bool(row["shared"]) is said] for said in (False, True))
        return Sums(periods, hours, output, spent, stock, own, stocked, shared)

    def _closed(self, today: date) -> date:
        """The last day of the last month whose costs are complete."""
        return (today - DAY * self._how.close_days).replace(day=1) - DAY


def months(dates: Dates) -> Iterator[Dates]:
    """The calendar months that ``dates`` touch, cut to them."""
    first = dates.first
    while first <= dates.last:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield Dates(first, min(after - DAY, dates.last))
        first = after


def _window(start: date | None, last: date) -> Dates | None:
    return Dates(start, last) if start is not None and start <= last else None


def _doubts(found: Benefits) -> Iterator[Doubt]:
    sums = found.sums
    kinds: Sequence[Sequence[Hours | Output | Spent | Stock]] = (sums.hours, sums.output, sums.spent, sums.stock)
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
        yield Doubt("of roll-out cost lie before the window and are left out", early, money=True)
    twice = [row for row in sums.booked if row["p"] and row["kind"] == "saving" and not found.counts(row["line"])]
    if twice:
        said = "of booked labour savings are left out: the same hours are computed"
        yield Doubt(said, sum(row["amount"] for row in twice), money=True)
    for kind, said in (("cost", "roll-out cost"), ("saving", "booked savings")):
        nowhere = [row["amount"] for row in sums.shared if row["p"] and row["kind"] == kind]
        if nowhere:
            yield Doubt(f"of {said} name no site and count for all sites together only", sum(nowhere), money=True)
