"""The tables of the ROI page as files: every row says for which site and days it is, and in which currency."""

from __future__ import annotations

from typing import Literal

from lopan.web.business.roi_answer import Answer
from lopan.web.export import Cell, Kind, Sheet, sheet

Name = Literal["outcomes", "savings", "costs", "months"]
_WHAT: dict[str, Kind] = {**dict.fromkeys(("site", "known", "first", "last", "currency"), "text"), "baseline": "count"}
_OUTCOMES: dict[str, Kind] = {
    "case": "text",
    **dict.fromkeys(("phi", "benefit", "hard_benefit", "cost", "roi_net_percent", "roi_hard_percent"), "number"),
    "benefit_cost_ratio": "number",
    "payback_day": "text",
    "payback_months": "number",
    **dict.fromkeys(("payback_projected", "payback_lasting"), "flag"),
}
_SAVINGS: dict[str, Kind] = {
    "line": "text",
    **dict.fromkeys(("low", "base", "high", "hard", "soft"), "number"),
    "kind": "text",
    "computed": "flag",
    "why_not": "text",
    "n": "count",
    "n_of": "text",
}
_COSTS: dict[str, Kind] = {"type": "text", "amount": "number", "once": "flag", "n": "count"}
_MONTHS: dict[str, Kind] = {
    **dict.fromkeys(("month_first", "month_last"), "text"),
    **dict.fromkeys(("benefit", "hard_benefit", "cost", "once", "benefit_so_far", "cost_so_far"), "number"),
    **dict.fromkeys(("whole", "provisional"), "flag"),
}


def make(found: Answer, name: Name, zone: str) -> Sheet:
    """The table of that name, all of its rows."""
    rows: list[list[Cell]]
    if name == "outcomes":
        kinds = _OUTCOMES
        rows = [
            [
                *(one.case, one.phi, one.benefit, one.hard_benefit, one.cost, one.roi_net.value, one.roi_hard.value),
                *(one.benefit_cost_ratio.value, _day(one.payback.day), one.payback.months),
                *(one.payback.projected, one.payback.lasting),
            ]
            for one in found.outcomes
        ]
    elif name == "savings":
        kinds = _SAVINGS
        rows = [
            [
                *(one.line, one.low, one.base, one.high, one.hard, one.soft),
                *(one.kind, one.known, one.why, one.n, one.samples),
            ]
            for one in found.savings
        ]
    elif name == "costs":
        kinds = _COSTS
        rows = [[one.type, one.amount, one.once, one.n] for one in found.costs]
    else:
        kinds = _MONTHS
        rows = [
            [
                *(_day(one.first), _day(one.last), one.benefit, one.hard_benefit, one.cost, one.once),
                *(one.benefit_so_far, one.cost_so_far, one.whole, one.provisional),
            ]
            for one in found.months
        ]
    what: list[Cell] = [found.site, _day(found.known), _day(found.first), _day(found.last), found.currency]
    what.append(found.baseline.version if found.baseline else None)
    return sheet(f"roi-{name}", zone, _WHAT | kinds, [[*what, *row] for row in rows])


def _day(day: object) -> str:
    return "" if day is None else str(day)
