from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.test_figures import metric

from lopan.analytics.metric import Group, Point, Versus
from lopan.web import charts
from lopan.web.marks import Mark

START = datetime(2026, 11, 22, tzinfo=UTC)
values = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60)


def points(values: list[float | None], n: int = 10) -> list[Point]:
    return [Point(START + timedelta(minutes=index), value, n) for index, value in enumerate(values)]


@given(values, st.none() | st.floats(-1e6, 1e6))
def test_sparkline_stays_in_its_box(values: list[float | None], target: float | None) -> None:
    drawn = charts.spark(points(values), target)

    if drawn is None:
        assert sum(value is not None for value in values) < 2
        return
    xy = [float(number) for number in re.findall(r"-?\d+\.\d+", re.sub(r"h0\.1", "", drawn.line))]
    assert all(0 <= x <= charts.WIDTH for x in xy[::2])
    assert all(0 <= y <= charts.HEIGHT for y in xy[1::2])
    assert drawn.target is None or 0 <= drawn.target <= charts.HEIGHT


def test_gap_breaks_the_line() -> None:
    drawn = charts.spark(points([1.0, 2.0, None, 2.0, 1.0]))

    assert drawn is not None
    assert drawn.line.count("M") == 2


def test_bucket_of_few_samples_does_not_flatten_the_others() -> None:
    series = points([1.0, 1.2, 1.1, 1.3])
    odd = Point(START + timedelta(minutes=9), 90.0, 1)

    assert charts._weighty([*series, odd]) == [1.0, 1.2, 1.1, 1.3]


@given(values, values)
def test_tail_brings_the_old_series_up_to_date(old: list[float | None], new: list[float | None]) -> None:
    held = {point.t: point for point in points(old)}
    fresh = points(new)
    held |= {point.t: point for point in charts.tail(points(old), fresh)}

    assert [held[point.t] for point in fresh] == fresh


def test_nothing_is_sent_when_nothing_changed() -> None:
    assert charts.tail(points([1.0, 2.0]), points([1.0, 2.0])) == []


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "a & b", "\u2028", '"'])
def test_script_json_can_not_end_its_script(text: str) -> None:
    block = charts.script_json({"title": text})

    assert not set("<>&") & set(block)
    assert json.loads(block) == {"title": text}


def test_marks_share_a_scale_that_small_groups_do_not_stretch() -> None:
    groups = [
        Group("2.1.0", 1.0, 500, "meeting", 0.9, 1.1),
        Group("2.0.0", 2.0, 500, "warning", 1.8, 2.2),
        Group("odd", 90.0, 2, "critical", 1.0, 200.0),
    ]
    whole = metric(value=1.5, groups=groups)
    bounds = charts.scale(whole)
    drawn = [mark for group in groups if (mark := charts.mark(group, whole, bounds)) is not None]

    assert bounds == pytest.approx((0.822, 2.278))
    assert all(0 <= mark.low <= mark.value <= mark.high <= 100 for mark in drawn)
    new, old, odd = drawn
    assert new.value < old.value < odd.value == 100


def test_group_without_data_has_no_mark() -> None:
    assert charts.mark(Group("x", None, 0, "no data"), metric(), (0.0, 1.0)) is None


def test_trend_data_by_column() -> None:
    series = [Point(START, 1.234_567_8, 3), Point(START + timedelta(minutes=15), None, 0, partial=True)]
    drawn = charts.trend(metric(series=series, critical=None))

    assert (drawn["t"], drawn["v"], drawn["n"], drawn["p"]) == (
        [1795305600, 1795306500],
        [1.23457, None],
        [3, 0],
        [0, 1],
    )
    assert drawn["lines"] == [["target", 1.5], ["warning", 2.0]]


def test_second_line_lies_over_the_first_without_the_buckets_that_its_range_cuts() -> None:
    before = START - timedelta(days=1)
    other = [Point(before + timedelta(minutes=15 * index), value, 5) for index, value in enumerate([1.0, 2.0, 3.0])]
    other[0] = Point(before, 9.0, 1, partial=True)
    series = [Point(START + timedelta(minutes=15 * index), 1.0, 5) for index in range(4)]
    versus = Versus(
        label="previous period", start=before, end=START, value=2.0, n=15, low=None, high=None, difference=-1.0,
        verdict="better", p=0.01, shift=86_400, series=other,
    )  # fmt: skip
    drawn = charts.trend(metric(series=series, step=900, versus=versus))

    assert (drawn["versus"], drawn["c"]) == ("previous period", [None, 2.0, 3.0, None])
    assert "c" not in charts.trend(metric(series=series))


def test_marks_go_to_the_browser_with_their_number_and_text() -> None:
    drawn = charts.data("UTC", [], [Mark(1, START, "Deployed", id=7)])

    assert drawn == {"zone": "UTC", "charts": [], "marks": [{"n": 1, "t": 1795305600, "text": "Deployed"}]}
