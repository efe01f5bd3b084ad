"""Return on the roll-out: monetised benefits against all its costs, over one window and in one currency.

roi_net = (benefit - cost) / cost, benefit_cost_ratio = benefit / cost; both None without cost. Benefits are measured
against the approved baseline, negative ones stay negative, and each is tagged hard (cash) or soft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from lopan.analytics.business.payback import Month, Payback, payback
from lopan.analytics.calendar import Dates
from lopan.catalog.business import Line, Phi

Case = Literal["low", "base", "high"]
Kind = Literal["hard", "soft", "both", ""]
"""Whether money is cash; "" where there is none."""

CASES: Final[tuple[Case, ...]] = ("low", "base", "high")
LINES: Final[tuple[Line, ...]] = ("labour", "inventory", "quality", "downtime", "other")
ONCE: Final = frozenset(("implementation", "training"))
"""Costs that do not come again."""

_KNOWN: Mapping[Line, str] = MappingProxyType({})


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a line saved in a month; ``full`` is multiplied by phi where ``freed``, and counts whole elsewhere.

    ``n`` counts what it is made of: entries of hours, days of stock, work orders and repairs, savings that were booked.
    """

    line: Line
    full: float
    hard: bool
    freed: bool = False
    n: int = 0

    def at(self, phi: float) -> float:
        """What it is worth when that share of freed hours was realised."""
        return self.full * phi if self.freed else self.full


class MonthOf(msgspec.Struct, frozen=True, kw_only=True):
    """All money of the part of a month that lies in the window; ``costs`` by type, of so many ``entries``."""

    dates: Dates
    benefits: list[Benefit]
    costs: dict[str, float]
    entries: dict[str, int] = {}
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

    ``why`` it could not be computed, where it could not: it then counts with what was booked, and nothing else.
    """

    line: Line
    low: float
    base: float
    high: float
    hard: float
    kind: Kind = ""
    n: int = 0
    why: str = ""

    @property
    def known(self) -> bool:
        """Whether it could be computed."""
        return not self.why

    @property
    def soft(self) -> float:
        """The part of ``base`` that is no cash."""
        return self.base - self.hard


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """The result at one phi: ``roi_net`` and ``hard`` (hard benefits alone) as shares, None without cost."""

    case: Case
    phi: float
    benefit: float
    cost: float
    hard_benefit: float
    roi_net: float | None
    benefit_cost_ratio: float | None
    hard: float | None
    payback: Payback


class CostOf(msgspec.Struct, frozen=True):
    """Money spent on one type of cost over the window."""

    type: str
    amount: float
    once: bool
    n: int = 0


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

    @property
    def n(self) -> int:
        """How many facts are behind all benefits and costs; days of stock count as one each."""
        return sum(line.n for line in self.lines) + sum(cost.n for cost in self.costs)


def productivity_value(hours: float, earned: float, before: float, rate: float) -> float:
    """H1 x g x rate with g = P1 / P0 - 1; as H1 x P1 is what was ``earned``, months add up to their sum."""
    return (earned / before - hours) * rate


def result(months: Sequence[MonthOf], phi: Phi, unknown: Mapping[Line, str] = _KNOWN) -> Result:
    """Add up the months of the window; ``unknown`` lines could not be computed, for the reason given."""
    shares: dict[Case, float] = {"low": phi.low, "base": phi.base, "high": phi.high}
    costs: dict[str, float] = {}
    entries: dict[str, int] = {}
    for month in months:
        for kind, amount in month.costs.items():
            costs[kind] = costs.get(kind, 0.0) + amount
            entries[kind] = entries.get(kind, 0) + month.entries.get(kind, 0)
    courses = {case: [_course(month, share) for month in months] for case, share in shares.items()}
    return Result(
        lines=[_line(line, months, phi, unknown.get(line, "")) for line in LINES],
        costs=[CostOf(kind, amount, kind in ONCE, entries[kind]) for kind, amount in sorted(costs.items())],
        returns=[_return(case, shares[case], courses[case]) for case in CASES],
        months=courses["base"],
    )


def _course(month: MonthOf, phi: float) -> Month:
    once = sum(amount for kind, amount in month.costs.items() if kind in ONCE)
    hard = sum(one.at(phi) for one in month.benefits if one.hard)
    return Month(month.dates.first, month.dates.last, month.benefit(phi), month.cost, once, month.whole, hard)


def _line(line: Line, months: Sequence[MonthOf], phi: Phi, why: str) -> LineOf:
    own = [one for month in months for one in month.benefits if one.line == line]
    kinds = {one.hard for one in own if one.full}
    return LineOf(
        line=line,
        low=sum(one.at(phi.low) for one in own),
        base=sum(one.at(phi.base) for one in own),
        high=sum(one.at(phi.high) for one in own),
        hard=sum(one.at(phi.base) for one in own if one.hard),
        kind="both" if len(kinds) == 2 else "hard" if True in kinds else "soft" if kinds else "",
        n=sum(one.n for one in own),
        why=why,
    )


def _return(case: Case, phi: float, course: Sequence[Month]) -> Return:
    benefit, cost, hard = (sum(getattr(month, name) for month in course) for name in ("benefit", "cost", "hard"))
    return Return(
        case=case,
        phi=phi,
        benefit=benefit,
        cost=cost,
        hard_benefit=hard,
        roi_net=(benefit - cost) / cost if cost else None,
        benefit_cost_ratio=benefit / cost if cost else None,
        hard=(hard - cost) / cost if cost else None,
        payback=payback(course),
    )
