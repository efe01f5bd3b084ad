"""What the page Time to value shows, as tables for export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lopan.analytics.business.timetovalue import MARKS, TimeToValue
from lopan.web.customers.value_board import Way
from lopan.web.export import Cell, Kind, Sheet, sheet


def curve(found: TimeToValue, zone: str) -> Sheet:
    """The share that had its first value by each day on which it rises, of all and of every group."""
    kinds: dict[str, Kind] = {"as_of": "text", "by": "text", "group": "text", "day": "count", "share": "number"}
    kinds |= {"low": "number", "high": "number", "at_risk": "count", "reached": "count"}
    rows: list[list[Cell]] = [
        [
            found.day.isoformat(),
            found.by if one is not found.whole else "all",
            one.key,
            *(step.day, step.share, step.low, step.high, step.at_risk, step.reached),
        ]
        for one in (found.whole, *found.groups)
        for step in one.steps
    ]
    return sheet("time-to-value-curve", zone, kinds, rows)


def groups(found: TimeToValue, zone: str) -> Sheet:
    """The figures of all and of every group; shares in 0-1, empty beyond what anybody was followed."""
    kinds: dict[str, Kind] = {"as_of": "text", "by": "text", "group": "text"}
    kinds |= dict.fromkeys(("accounts", "reached", "waiting", "left"), "count")
    kinds |= dict.fromkeys(("median_days", "median_low", "median_high", "followed_days"), "count")
    for day in MARKS:
        kinds |= {
            f"by_{day}": "number",
            f"by_{day}_low": "number",
            f"by_{day}_high": "number",
            f"at_risk_{day}": "count",
        }
    rows: list[list[Cell]] = []
    for one in (found.whole, *found.groups):
        row: list[Cell] = [found.day.isoformat(), found.by if one is not found.whole else "all", one.key]
        row += [one.n, one.reached, one.waiting, one.left, one.median, one.median_low, one.median_high, one.followed]
        for mark in one.marks:
            row += [mark.share, mark.low, mark.high, mark.at_risk]
        rows.append(row)
    return sheet("time-to-value", zone, kinds, rows)


def waiting(ways: Sequence[Way], day: date, zone: str) -> Sheet:
    """The accounts that have not had their first value."""
    kinds: dict[str, Kind] = dict.fromkeys(("as_of", "customer", "name", "segment", "region", "owner", "began"), "text")
    kinds |= {"days": "count"}
    rows: list[list[Cell]] = [
        [
            *(day.isoformat(), one.account, one.name, one.segment, one.region, one.owner),
            *(one.began.isoformat(), one.days),
        ]
        for one in ways
    ]
    return sheet("time-to-value-waiting", zone, kinds, rows)
