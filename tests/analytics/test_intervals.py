"""Intervals against known figures and against simulation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.intervals import normal, standard_error, wilson, z_means, z_shares


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.2775, id="none of ten"),
        pytest.param(10, 10, 0.7225, 1.0, id="all of ten"),
        pytest.param(1, 50, 0.0035, 0.1050, id="one crash in fifty"),
        pytest.param(263, 500, 0.4822, 0.5694, id="half"),
    ],
)
def test_wilson_is_the_published_interval(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_wilson_holds_its_share_inside_zero_and_one(n: int, share: float) -> None:
    bound = wilson(share * n, n)
    assert bound is not None
    assert 0 <= bound.low <= share + 1e-9
    assert share - 1e-9 <= bound.high <= 1


def test_without_samples_there_is_no_interval() -> None:
    assert wilson(0, 0) is None
    assert normal(1, 1, 1, 1) is None
    assert z_shares(0, 0, 1, 2) == 0
    assert z_means(1, None, 0.1) == 0


def test_the_normal_interval_covers_the_mean_95_times_in_100() -> None:
    draw = random.Random(3)
    covered = 0
    for _ in range(400):
        values = [draw.gauss(5, 2) for _ in range(100)]
        bound = normal(sum(values) / 100, sum(values), sum(value * value for value in values), 100)
        covered += bound is not None and bound.low <= 5 <= bound.high
    assert 0.92 <= covered / 400 <= 0.98


def test_standard_error_of_equal_values_is_zero() -> None:
    assert standard_error(30, 300, 3) == pytest.approx(0)
