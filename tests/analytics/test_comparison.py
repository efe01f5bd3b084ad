from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics import comparison
from lopan.analytics.metric import Point

BERLIN = ZoneInfo("Europe/Berlin")


def points(start: datetime, step: int, count: int) -> list[Point]:
    return [Point(start + timedelta(seconds=step * index), float(index), 1) for index in range(count)]


def days(year: int, month: int, day: int, count: int) -> list[Point]:
    """Midnights of Berlin."""
    first = datetime(year, month, day, tzinfo=BERLIN)
    return [Point((first + timedelta(days=index)).astimezone(UTC), float(index), 1) for index in range(count)]


@pytest.mark.parametrize(("z", "p"), [(0.0, 1.0), (1.959964, 0.05), (-1.959964, 0.05), (float("inf"), 0.0)])
def test_p_of_a_normal_z(z: float, p: float) -> None:
    assert comparison.p_value(z) == pytest.approx(p, abs=1e-6)


@given(st.sampled_from([10, 60, 1_800, 21_600]), st.integers(0, 10**7), st.integers(1, 10**7), st.integers(1, 61))
def test_other_line_lies_bucket_by_bucket(step: int, start: int, back: int, count: int) -> None:
    this = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
    that = this - timedelta(seconds=back)
    first, other = (datetime.fromtimestamp(comparison.first_bucket(at, step, "UTC"), UTC) for at in (this, that))
    laid = comparison.laid_over(
        points(first, step, count), points(other, step, count), comparison.shift(this, that, step, "UTC"), step
    )

    assert [None if point is None else point.value for point in laid] == [float(index) for index in range(count)]


@pytest.mark.parametrize(
    ("this", "that"),
    [
        pytest.param((2026, 10, 20), (2026, 9, 20), id="this side has a day of 25 hours"),
        pytest.param((2026, 4, 10), (2026, 3, 20), id="that side has a day of 23 hours"),
        pytest.param((2026, 10, 20), (2026, 3, 20), id="both change their clocks"),
    ],
)
def test_days_belong_together_over_a_change_of_the_clocks(
    this: tuple[int, int, int], that: tuple[int, int, int]
) -> None:
    series, other = days(*this, 14), days(*that, 14)
    shift = comparison.shift(series[0].t, other[0].t, comparison.DAY, "Europe/Berlin")
    laid = comparison.laid_over(series, other, shift, comparison.DAY)

    assert [point and point.value for point in laid] == [point.value for point in series]


def test_shorter_side_leaves_the_rest_open_and_a_longer_one_is_cut() -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    short, long = points(start, 60, 2), points(start, 60, 4)

    assert comparison.laid_over(long, short, 0, 60) == [*short, None, None]
    assert comparison.laid_over(short, long, 0, 60) == long[:2]
    assert comparison.laid_over(short, [], 0, 60) == [None, None]
