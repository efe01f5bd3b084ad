from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.business.survival import Wait, survival
from lopan.analytics.intervals import wilson

FREIREICH = [(6, 1)] * 3 + [(6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0), (19, 0)]
FREIREICH += [(20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
"""Weeks of remission with 6-MP (1963), the example of the textbooks."""


def test_textbook_example() -> None:
    found = survival(Wait(days, bool(reached)) for days, reached in FREIREICH)
    shares = {step.day: 1 - step.share for step in found.steps}
    expected = {6: 0.857143, 7: 0.806723, 10: 0.752941, 13: 0.690196, 16: 0.627451, 22: 0.537815, 23: 0.448179}
    assert shares == pytest.approx(expected, abs=1e-6)
    assert (found.median, found.n, found.reached, found.censored) == (23, 21, 9, 12)
    step = found.by(30)
    assert step is not None
    assert (1 - step.high, 1 - step.low) == (pytest.approx(0.188, abs=0.001), pytest.approx(0.680, abs=0.001))


@pytest.mark.parametrize(
    ("waits", "median", "by"),
    [([], None, None), ([(5, 0)], None, None), ([(40, 0)], None, 0.0), ([(3, 1)], 3, 1.0), ([(3, 1), (40, 0)], 3, 0.5)],
    ids=["nobody", "looked at too briefly", "not reached", "all reached", "half"],
)
def test_edges(waits: list[tuple[int, int]], median: int | None, by: float | None) -> None:
    found = survival(Wait(days, bool(reached)) for days, reached in waits)
    step = found.by(30)
    assert (found.median, step and step.share) == (median, by)


def test_the_last_step_is_no_more_certain_than_the_one_before() -> None:
    found = survival(Wait(days, True) for days in (3, 3, 5))
    assert [step.share for step in found.steps] == [pytest.approx(2 / 3), 1]
    assert [step.low for step in found.steps] == [found.steps[0].low] * 2
    alone = survival([Wait(3, True)] * 4).steps[0]
    bound = wilson(4, 4)
    assert bound is not None
    assert (alone.low, alone.high) == (pytest.approx(bound.low), 1)


def test_bounds_of_the_median_are_where_those_of_the_share_pass_a_half() -> None:
    found = survival(Wait(days, bool(reached)) for days, reached in FREIREICH)
    assert (found.median, found.median_low, found.median_high) == (23, 13, None)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30))
def test_it_is_the_product_over_the_days(waits: list[tuple[int, bool]]) -> None:
    found = survival(Wait(*one) for one in waits)
    remaining = Fraction(1)
    median = None
    for day in range(21):
        risk = sum(days >= day for days, _ in waits)
        reached = sum(days == day and hit for days, hit in waits)
        if reached:
            remaining *= 1 - Fraction(reached, risk)
            step = found.by(day)
            assert step is not None
            assert step.share == pytest.approx(float(1 - remaining), abs=1e-12)
            assert step.low - 1e-12 <= step.share <= step.high + 1e-12
        if median is None and remaining <= Fraction(1, 2):
            median = day
    assert found.median == median
