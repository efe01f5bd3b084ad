"""The return on the roll-out as KPIs: what it comes to from its begin up to the end of a period, at the base phi."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from lopan.analytics.business.ledger import Ledger, Scope
from lopan.analytics.business.moneykpis import Approved, Asked, Base, Found
from lopan.analytics.business.returns import Returns
from lopan.analytics.business.roi import Result
from lopan.analytics.facts import Facts
from lopan.analytics.query import FactQuery, Sums
from lopan.catalog.business import Business

Take = Callable[[Result], Sums]


def queries(facts: Facts, how: Business, approved: Approved) -> Mapping[str, FactQuery]:
    """Every query of the return by the name that catalog entries give."""
    courses = _Courses(Returns(Ledger(facts), how), approved)
    wanted: dict[str, Take] = {
        "roi_net": lambda one: Sums(one.base.benefit - one.base.cost, one.base.cost, one.n),
        "roi_hard": lambda one: Sums(one.base.hard_benefit - one.base.cost, one.base.cost, one.n),
        "benefit_cost_ratio": lambda one: Sums(one.base.benefit, one.base.cost, one.n),
        "payback_months": lambda one: _months(one, projected=False),
        "payback_projected_months": lambda one: _months(one, projected=True),
    }
    return {name: _Return(facts, courses, take) for name, take in wanted.items()}


class _Courses:
    """One question for all who ask at the same moment: each figure asks for its range, and for its series."""

    def __init__(self, returns: Returns, approved: Approved) -> None:
        self._returns, self._approved = returns, approved
        self._waiting: dict[Scope, tuple[set[date], asyncio.Task[dict[date, Result]]]] = {}

    async def at(self, scope: Scope, ends: Iterable[date]) -> dict[date, Result]:
        """The return at each of ``ends``, and maybe at others."""
        if scope not in self._waiting:
            wanted: set[date] = set()
            self._waiting[scope] = wanted, asyncio.create_task(self._ask(scope, wanted))
        wanted, task = self._waiting[scope]
        wanted.update(ends)
        return await asyncio.shield(task)

    async def _ask(self, scope: Scope, wanted: set[date]) -> dict[date, Result]:
        try:
            baseline = await self._approved()
        finally:
            # Who comes from here on is not in the question any more.
            del self._waiting[scope]
        return await self._returns.course(baseline, scope, sorted(wanted))


class _Return(Base):
    """One of the figures; where a period began makes no difference."""

    def __init__(self, facts: Facts, courses: _Courses, take: Take) -> None:
        super().__init__(facts)
        self._courses, self._take = courses, take

    async def _found(self, asked: Asked) -> Found:
        today = asked.scope.today
        ends = {at: min(dates.last, today) for at, dates in enumerate(asked.periods) if dates.first <= today}
        sites = [asked.scope.site] if asked.scope.site or asked.by != "site" else sorted(asked.regions)
        scopes = [asked.scope._replace(site=site) for site in sites]
        courses = await asyncio.gather(*(self._courses.at(one, ends.values()) for one in scopes))
        return {
            (at, asked.key(site)): self._take(course[end])
            for site, course in zip(sites, courses, strict=True)
            for at, end in ends.items()
            if end in course
        }


def _months(result: Result, *, projected: bool) -> Sums:
    """Months until payback: of one that was reached, or of one that lies ahead."""
    payback = result.base.payback
    if payback.months is None or payback.projected is not projected:
        return Sums(samples=result.n)
    return Sums(payback.months, 1, result.n)
