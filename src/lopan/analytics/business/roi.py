"""Return on the roll-out: monetised benefits against all its costs, over one window and in one currency.

roi_net = (benefit - cost) / cost, benefit_cost_ratio = benefit / cost; both None without cost. Benefits are measured
against the approved baseline, negative ones stay negative, and each is tagged hard (cash) or soft.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from lopan.analytics.business.payback import Month, Payback, payback
from lopan.analytics.calendar import Dates
from lopan.catalog.business import Line, Phi

Case = Literal["low", "base", "high"]
CASES: Final[tuple[Case, ...]] = ("low", "base", "high")
LINES: Final[tuple[Line, ...]] = ("labour", "inventory", "quality", "downtime", "other")
ONCE: Final = frozenset(("implementation", "training"))
"""Costs that do not come again."""


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a line saved in a month; ``full`` is multiplied by phi where ``freed``, and counts whole elsewhere."""

    line: Line
    full: float
    hard: bool
    freed: bool = False

    def at(self, phi: float) -> float:
        """What it is worth when that share of freed hours was realised."""
        return self.full * phi if self.freed else self.full


class MonthOf(msgspec.Struct, frozen=True, kw_only=True):
    """All money of the part of a month that lies in the window; ``costs`` by type."""

    dates: Dates
    benefits: list[Benefit]
    costs: dict[str, float]
    whole: bool = True

    @property
    def cost(self) -> float:
        """All costs."""
        return sum(self.costs.values())

    def benefit(self, phi: float) -> float:
        """All benefits."""
        return sum(one.at(phi) for one in self.benefits)


class LineOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one line came to: ``low``, ``base`` and ``high`` differ by phi, ``hard`` is the part of ``base`` in cash.

    ``known`` is false where it could not be computed; it then counts with what was booked, and nothing else.
    """

    line: Line
    low: float
    base: float
    high: float
    hard: float
    known: bool = True


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """The result at one phi: ``roi_net`` and ``hard`` (hard benefits alone) as shares, None without cost."""

    case: Case
    phi: float
    benefit: float
    cost: float
    roi_net: float | None
    benefit_cost_ratio: float | None
    hard: float | None
    payback: Payback


class CostOf(msgspec.Struct, frozen=True):
    """Money spent on one type of cost over the window."""

    type: str
    amount: float
    once: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, costs, and the return at low, base and high phi; ``months`` hold the course at the base."""

    lines: list[LineOf]
    costs: list[CostOf]
    returns: list[Return]
    months: list[Month]

    @property
    def base(self) -> Return:
        """The return that is shown first."""
        return next(one for one in self.returns if one.case == "base")


def productivity_value(hours: float, earned: float, before: float, rate: float) -> float:
    """H1 x g x rate with g = P1 / P0 - 1; as H1 x P1 is what was ``earned``, months add up to their sum."""
    return (earned / before - hours) * rate


def result(months: Sequence[MonthOf], phi: Phi, unknown: Iterable[Line] = ()) -> Result:
    """Add up the months of the window; ``unknown`` lines could not be computed."""
    missing = set(unknown)
    shares: dict[Case, float] = {"low": phi.low, "base": phi.base, "high": phi.high}
    costs: dict[str, float] = {}
    for month in months:
        for kind, amount in month.costs.items():
            costs[kind] = costs.get(kind, 0.0) + amount
    courses = {case: [_course(month, share) for month in months] for case, share in shares.items()}
    return Result(
        lines=[_line(line, months, phi, known=line not in missing) for line in LINES],
        costs=[CostOf(kind, amount, kind in ONCE) for kind, amount in sorted(costs.items())],
        returns=[_return(case, shares[case], months, courses[case]) for case in CASES],
        months=courses["base"],
    )


def _course(month: MonthOf, phi: float) -> Month:
    once = sum(amount for kind, amount in month.costs.items() if kind in ONCE)
    return Month(month.dates.first, month.dates.last, month.benefit(phi), month.cost, once, month.whole)


def _line(line: Line, months: Sequence[MonthOf], phi: Phi, *, known: bool) -> LineOf:
    own = [one for month in months for one in month.benefits if one.line == line]
    return LineOf(
        line=line,
        low=sum(one.at(phi.low) for one in own),
        base=sum(one.at(phi.base) for one in own),
        high=sum(one.at(phi.high) for one in own),
        hard=sum(one.at(phi.base) for one in own if one.hard),
        known=known,
    )


def _return(case: Case, phi: float, months: Sequence[MonthOf], course: Sequence[Month]) -> Return:
    benefit, cost = sum(month.benefit for month in course), sum(month.cost for month in course)
    hard = sum(one.at(phi) for month in months for one in month.benefits if one.hard)
    return Return(
        case=case,
        phi=phi,
        benefit=benefit,
        cost=cost,
        roi_net=(benefit - cost) / cost if cost else None,
        benefit_cost_ratio=benefit / cost if cost else None,
        hard=(hard - cost) / cost if cost else None,
        payback=payback(course),
    )
