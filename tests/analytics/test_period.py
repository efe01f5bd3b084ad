from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics import period
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.period import KINDS

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(kind=st.sampled_from(list(KINDS)), day=DAYS)
def test_periods_follow_each_other_without_gap_or_overlap(kind: Any, day: date) -> None:
    one = period.of(kind, day)
    assert day in list(one.dates)
    assert one.before.dates.last == one.dates.first - DAY
    assert one.after.dates.first == one.dates.last + DAY
    assert one.before.after == one
    assert period.latest(kind, day).dates.last < day <= period.latest(kind, day).after.dates.last


@given(kind=st.sampled_from(list(KINDS)), day=DAYS, today=DAYS)
def test_sides_compare_days_that_are_over(kind: Any, day: date, today: date) -> None:
    one = period.of(kind, day)
    now, before = one.sides(today)
    assert now.first == one.dates.first
    assert len(now) == 0 or now.last < today
    assert before.first == one.before.dates.first
    assert before.last <= one.before.dates.last
    if one.dates.last < today:
        assert (now, before) == (one.dates, one.before.dates)
    else:
        assert len(before) <= len(now)


@pytest.mark.parametrize(
    ("kind", "day", "first", "last", "name"),
    [
        ("week", "2027-01-02", "2026-12-28", "2027-01-03", "Week 53 of 2026"),
        ("28d", "2026-03-01", "2026-02-02", "2026-03-01", "28 days to 01 Mar 2026"),
        ("month", "2024-02-11", "2024-02-01", "2024-02-29", "February 2024"),
        ("quarter", "2026-11-25", "2026-10-01", "2026-12-31", "Quarter 4 of 2026"),
    ],
)
def test_names(kind: Any, day: str, first: str, last: str, name: str) -> None:
    found = period.of(kind, date.fromisoformat(day))
    assert found.dates == Dates(date.fromisoformat(first), date.fromisoformat(last))
    assert found.name == name
