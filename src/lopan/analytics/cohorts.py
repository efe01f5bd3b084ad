"""Cohorts and steps: by which methods somebody has come back, on which day that is known, and where to look."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from lopan.analytics.calendar import DAY, Dates, begin, local, working_day_after
from lopan.errors import Rejected

Method = Literal["bracket", "exact", "rolling", "after"]
STEPS = (1, 7, 30, 90)
BRACKET = 7
_UTC = ZoneInfo("UTC")
METHODS: dict[Method, str] = {
    "bracket": "D1: active on the next working day (Monday to Friday); D7, D30, D90: active on one of the days N..N+6",
    "exact": "active on exactly the N-th local day after the first",
    "rolling": "active in the 24 hours that begin N x 24 hours after the first event ever",
    "after": "active on the N-th local day after the first or on any later one; grows for ever, so it never alerts",
}
"""Each method by its name, as shown beside the figure; the cohort is always the first day ever."""

COHORT = (
    "cohort: first local day ever with a foreground event; only cohorts old enough; sum of returned / sum of cohorts"
)


class Target(NamedTuple):
    """The day, and what ends or begins with it, on which a cohort is looked for at a step."""

    cohort: date
    step: int
    anchor: date
    kind: Literal["day", "week", "since", "hours"]


def closing(cohort: date, step: int, method: Method = "bracket", zone: ZoneInfo = _UTC) -> date:
    """The last day that counts for a step: once it is over, the cohort is old enough; ``zone`` matters to hours."""
    return target_of(cohort, step, method, zone).anchor


def cohorts_closing(dates: Dates, step: int, method: Method = "bracket", zone: ZoneInfo = _UTC) -> Dates:
    """The first days whose ``closing`` lies in ``dates``."""
    if not len(dates):
        return dates
    reach = Dates(dates.first - DAY * (step + BRACKET), dates.last)
    found = [day for day in reach if dates.first <= closing(day, step, method, zone) <= dates.last]
    return Dates(found[0], found[-1]) if found else Dates(dates.first, dates.first - DAY)


def check_method(method: str) -> None:
    """Raise Rejected for a method that there is not."""
    if method not in METHODS:
        raise Rejected("method", f"there are {', '.join(METHODS)}, not {method[:20]!r}")


def target_of(cohort: date, step: int, method: Method, zone: ZoneInfo) -> Target:
    """Where to look for a cohort that is to have come back by a step."""
    day = cohort + DAY * step
    if method == "after":
        return Target(cohort, step, day, "since")
    if method == "exact":
        return Target(cohort, step, day, "day")
    if method == "rolling":
        # Whoever came in the last moment of the first day; a change of the clock may move the end to another date.
        ends = begin(cohort + DAY, zone) + timedelta(hours=24) * (step + 1) - timedelta(milliseconds=1)
        return Target(cohort, step, local(ends, zone), "hours")
    if step == 1:
        return Target(cohort, step, working_day_after(cohort), "day")
    return Target(cohort, step, day + DAY * (BRACKET - 1), "week")
