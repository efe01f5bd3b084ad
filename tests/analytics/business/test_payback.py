from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.business.payback import Month, payback


def months(*pairs: tuple[float, float], whole: bool = True, once: float = 0) -> list[Month]:
    made = []
    for number, (benefit, cost) in enumerate(pairs):
        first = date(2026 + number // 12, number % 12 + 1, 1)
        last = date(2026 + (number + 1) // 12, (number + 1) % 12 + 1, 1) - timedelta(days=1)
        made.append(Month(first, last, benefit, cost, once if number == 0 else 0, whole))
    return made


@pytest.mark.parametrize(
    ("pairs", "day"),
    [
        ([(0, 100), (50, 0), (100, 0)], date(2026, 3, 16)),
        ([(310, 100)], date(2026, 1, 11)),
        ([(0, 0), (0, 0), (28, 28)], date(2026, 4, 1)),
        ([(100, 0), (0, 50)], date(2026, 2, 1)),
        ([(0, 100), (-5, 0)], None),
        ([(100, 0)], None),
        ([], None),
    ],
    ids=["inside", "first month", "to the end", "covered", "never", "no cost", "nothing"],
)
def test_the_day_is_interpolated_and_never_made_up(pairs: list[tuple[float, float]], day: date | None) -> None:
    found = payback(months(*pairs))
    assert (found.day, found.projected) == (day, False)


def test_what_was_spent_once_is_not_projected() -> None:
    found = payback(months((0, 300), (100, 0), (50, 0), once=300))
    assert (found.day, found.projected) == (date(2026, 4, 1) + timedelta(days=int(3 * 365 / 12)), True)
    assert payback(months((0, 300), (100, 0), (50, 0))).day is None


def test_falling_behind_again_is_said() -> None:
    assert not payback(months((0, 100), (150, 0), (0, 80))).lasting


def test_only_whole_months_are_projected_from() -> None:
    assert payback(months((50, 100), whole=False)).day is None


@given(st.lists(st.tuples(st.integers(-50, 200), st.integers(0, 200)), max_size=12))
def test_it_is_the_first_day_on_which_benefits_reach_costs(pairs: list[tuple[int, int]]) -> None:
    """Walk through all days: a day's benefit is there in its evening, a month's cost on its first morning."""
    found = payback(months(*pairs))
    balance, spent, reached = Fraction(0), 0, None
    for month in months(*pairs):
        length = (month.last - month.first).days + 1
        balance -= int(month.cost)
        spent += int(month.cost)
        if reached is None and spent and balance >= 0 and balance + int(month.benefit) >= 0:
            reached = month.first
        for offset in range(length):
            balance += Fraction(int(month.benefit), length)
            end = balance + Fraction(int(month.benefit), length) * (length - 1 - offset)
            if reached is None and spent and balance >= 0 and end >= 0:
                reached = month.first + timedelta(days=offset)
                exact = balance == 0
                reached += timedelta(days=exact)
    assert (None if found.projected else found.day) == reached
