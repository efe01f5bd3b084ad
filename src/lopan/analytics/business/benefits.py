"""What the months of a roll-out saved, line by line, measured against the baseline; and what of it can't be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lopan.analytics.business import measured, roi
from lopan.analytics.business.ledger import Hours, Output, Scope, Spent, Stock
from lopan.analytics.business.roi import Benefit, MonthOf
from lopan.analytics.calendar import DAY, Dates
from lopan.catalog.business import Line, Roi
from lopan.control.baselines import Frozen

_YEAR = 365


class Sums(msgspec.Struct, frozen=True):
    """What facts say of ``periods``, each row by the place of its period; ``booked`` by that + 1, 0 = before them all.

    ``shared`` was booked for no site while one is asked for, and counts nowhere. ``stocked``: the first and the newest
    day of which the stock of each site is known.
    """

    periods: list[Dates]
    hours: list[Hours]
    output: list[Output]
    spent: list[Spent]
    stock: list[Stock]
    booked: list[dict[str, Any]]
    stocked: dict[str, Dates]
    shared: list[dict[str, Any]] = []

    def within(self, months: Sequence[Dates]) -> Sums:
        """Only ``months``, which are periods of these, numbered anew."""
        place = {self.periods.index(month): at for at, month in enumerate(months)}
        booked = {0: 0} | {old + 1: new + 1 for old, new in place.items()}
        return Sums(
            [*months],
            [one._replace(period=place[one.period]) for one in self.hours if one.period in place],
            [one._replace(period=place[one.period]) for one in self.output if one.period in place],
            [one._replace(period=place[one.period]) for one in self.spent if one.period in place],
            [one._replace(period=place[one.period]) for one in self.stock if one.period in place],
            [{**row, "p": booked[row["p"]]} for row in self.booked if row["p"] in booked],
            self.stocked,
            [{**row, "p": booked[row["p"]]} for row in self.shared if row["p"] in booked],
        )


class Benefits:
    """The months of one window: ``sums`` of them, as ``how`` says and against ``frozen``; None = no baseline."""

    def __init__(self, sums: Sums, frozen: Frozen | None, how: Roi, scope: Scope) -> None:
        self.sums, self._frozen, self._how, self._scope = sums, frozen or Frozen(), how, scope
        self._compared = frozen is not None
        self.before = measured.productivity(self._frozen, how.hours)
        self.earned, self.hours = measured.worked(sums.hours, how.hours)

    @property
    def rate(self) -> float | None:
        """Money for one hour: as set, else the average wage of the window."""
        if self._how.loaded_rate is not None:
            return self._how.loaded_rate
        rated = sum(one.rated for one in self.sums.hours)
        return sum(one.wages for one in self.sums.hours) / rated if rated else None

    @property
    def growth(self) -> float | None:
        """Productivity against the baseline: g = P1 / P0 - 1."""
        return self.earned / self.hours / self.before - 1 if self.hours and self.before else None

    @property
    def release(self) -> float | None:
        """By how much the stock of the last month is less than that of the baseline."""
        held = self._held(len(self.sums.periods) - 1)
        return self._base - held[0] if self._frozen.held and held else None

    def months(self) -> list[MonthOf]:
        """Every month with what it saved and cost."""
        return [self._month(at, month) for at, month in enumerate(self.sums.periods)]

    def unknown(self) -> dict[Line, str]:
        """The lines that could not be computed, and why."""
        checks: dict[Line, str] = {
            "labour": self._no_labour(),
            "inventory": self._no_stock(),
            "quality": self._no_units(),
        }
        if self._how.labour == "booked":
            checks["labour"] = ""
        if not self._compared:
            checks = {line: why and "no baseline is approved" for line, why in checks.items()}
        return {line: why for line, why in checks.items() if why}

    def counts(self, line: str) -> bool:
        """Booked savings of labour are the same hours as those that are computed: never both."""
        return line != "labour" or self._how.labour == "booked" or bool(self._no_labour())

    def _month(self, at: int, month: Dates) -> MonthOf:
        benefits = list(self._computed(at))
        costs: dict[str, float] = {}
        entries: dict[str, int] = {}
        for row in self.sums.booked:
            if row["p"] != at + 1:
                continue
            line, amount, n = row["line"], row["amount"], row["n"]
            if row["kind"] == "cost":
                costs[line] = costs.get(line, 0.0) + amount
                entries[line] = entries.get(line, 0) + n
            elif self.counts(line):
                benefits.append(Benefit(line=line, full=amount, hard=bool(row["hard"]), n=n))
        whole = month.first.day == 1 and month.last < self._scope.today and (month.last + DAY).day == 1
        return MonthOf(dates=month, benefits=benefits, costs=costs, entries=entries, whole=whole)

    def _computed(self, at: int) -> Iterator[Benefit]:
        how, frozen = self._how, self._frozen
        worked = [one for one in self.sums.hours if one.period == at]
        earned, hours = measured.worked(worked, how.hours)
        output = [one for one in self.sums.output if one.period == at]
        if how.labour == "redeployed" and self.before and self.rate is not None:
            full, n = roi.productivity_value(hours, earned, self.before, self.rate), sum(one.n for one in worked)
            yield Benefit(line="labour", full=full, hard="labour" in how.hard, freed=True, n=n)
        elif how.labour == "sold" and self.before and how.margin is not None and earned:
            extra = sum(one.good for one in output) * (1 - hours * self.before / earned)
            n = sum(one.n for one in worked)
            yield Benefit(line="labour", full=extra * how.margin, hard="labour" in how.hard, n=n)
        held = self._held(at)
        if frozen.held and held is not None:
            saved = (self._base - held[0]) * how.carrying_rate * held[1] / _YEAR
            yield Benefit(line="inventory", full=saved, hard="inventory" in how.hard, n=held[1])
        if frozen.made:
            spent = [one for one in self.sums.spent if one.period == at]
            full = _quality(output, frozen, sum(one.repair for one in spent))
            n = sum(one.n for one in output) + sum(one.repaired for one in spent)
            yield Benefit(line="quality", full=full, hard="quality" in how.hard, n=n)

    @property
    def _base(self) -> float:
        """The stock of the baseline."""
        return sum(one.average for one in self._frozen.held)

    def _held(self, at: int) -> tuple[float, int] | None:
        """The average stock of a month, and of how many of its days it is known."""
        since = min((one.first for one in self.sums.stocked.values()), default=None)
        if since is None or not self.sums.periods:
            return None
        month = self.sums.periods[at]
        days = len(Dates(max(month.first, since), min(month.last, self._scope.today)))
        return (sum(one.held for one in self.sums.stock if one.period == at) / days, days) if days else None

    def _no_labour(self) -> str:
        if not self.before:
            return "the baseline holds no hours with earned standard hours"
        if not self.hours:
            return "no hours of the window are known"
        if self._how.labour == "sold":
            return "" if self._how.margin is not None else "`[roi] margin` is not set: what a unit sold contributes"
        return "" if self.rate is not None else "no hour has a wage, and `[roi] loaded_rate` is not set"

    def _no_stock(self) -> str:
        if not self._frozen.held:
            return "the baseline holds no stock"
        known = any(self._held(at) for at in range(len(self.sums.periods)))
        return "" if known else "no stock of the window is known"

    def _no_units(self) -> str:
        if not self._frozen.made:
            return "the baseline holds no work orders"
        return "" if self.sums.output else "no work order ended in the window"


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
