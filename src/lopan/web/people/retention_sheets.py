"""The tables of the Retention page as files: every row says what it is; shares in 0-1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from lopan.analytics.retention import Profile, Rate, RateGroup, Returns
from lopan.analytics.triangle import Triangle
from lopan.web.export import Cell, Kind, Sheet
from lopan.web.export import sheet as make
from lopan.web.people.query import DayQuery

Name = Literal["steps", "due", "cohorts", "groups"]
_RATE: dict[str, Kind] = {
    "step": "count",
    "value": "number",
    "back": "count",
    "cohort": "count",
    "low": "number",
    "high": "number",
    "first_cohort": "text",
    "last_cohort": "text",
}


def sheet(
    name: Name,
    sides: Sequence[tuple[str, Returns]],
    triangle: Triangle,
    groups: Sequence[RateGroup],
    asked: DayQuery,
) -> Sheet:
    """The table of that name; ``sides`` are what is shown, called ``this``, and what it is compared with."""
    method = sides[0][1].method if sides else ""
    kinds: dict[str, Kind] = {"audience": "text", "time_zone": "text", "method": "text"}
    told: list[Cell] = [asked.audience.words, triangle.zone, method if name != "cohorts" else ""]
    rows: list[list[Cell]] = []
    steps = [(label, step) for label, returns in sides for step in returns.steps]
    if name == "steps":
        kinds |= {"side": "text", **_RATE}
        rows = [[label, *_rate(step.rate)] for label, step in steps]
    elif name == "due":
        kinds |= {"side": "text", "day": "text", "step": "count", "cohort": "count", "back": "count"}
        rows = [
            [label, _iso(day.day), step.rate.step, day.cohort, day.back] for label, step in steps for day in step.days
        ]
    elif name == "groups":
        kinds |= {"by": "text", "key": "text", **_RATE}
        rows = [[asked.by, group.key, *_rate(rate)] for group in groups for rate in group.rates]
    else:
        kinds |= {"unit": "text", "cohort": "text", "size": "count", "index": "count", "period": "text"}
        kinds |= {"value": "number", "back": "count", "partial": "flag"}
        rows = [
            [triangle.unit, _iso(row.cohort), row.size, one.index, _iso(one.period), one.value, one.back, one.partial]
            for row in triangle.rows
            for one in row.cells
        ]
    return make(f"retention-{name}", triangle.zone, kinds, [[*told, *row] for row in rows])


def people(profiles: Sequence[Profile], names: dict[int, str], told: dict[str, str], zone: str) -> Sheet:
    """The people of a cell, one row each; ``told`` says which cell, in every row."""
    kinds: dict[str, Kind] = {**dict.fromkeys(told, "text"), "user": "text", "first_day": "text", "last_day": "text"}
    kinds |= {"days": "count", "role": "text", "release": "text", "customer": "text"}
    rows: list[list[Cell]] = [
        [
            *told.values(),
            names.get(one.person, ""),
            _iso(one.first),
            _iso(one.last),
            one.days,
            one.role,
            one.release,
            one.customer,
        ]
        for one in profiles
    ]
    return make("retention-people", zone, kinds, rows)


def _rate(rate: Rate) -> list[Cell]:
    return [rate.step, rate.value, rate.back, rate.cohort, rate.low, rate.high, _iso(rate.first), _iso(rate.last)]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
