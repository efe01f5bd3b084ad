"""The chart of the return: where benefits meet costs, what may still change, and what lies ahead."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.business.payback import payback
from lopan.analytics.business.returns import months
from lopan.analytics.business.roi import Benefit, MonthOf, Result, result
from lopan.analytics.calendar import Dates
from lopan.catalog.business import Phi
from lopan.web.business.roi_course import HEIGHT, WIDTH, Course, course

DAYS = Dates(date(2026, 1, 10), date(2026, 6, 20))


def made(benefits: list[float], costs: list[float], hard: bool = True) -> Result:
    return result(
        [
            MonthOf(
                dates=dates,
                benefits=[Benefit(line="other", full=benefit, hard=hard)],
                costs={"subscription": cost},
                whole=0 < at < 5,
            )
            for at, (dates, benefit, cost) in enumerate(zip(months(DAYS), benefits, costs, strict=True))
        ],
        Phi(),
    )


def spots(path: str) -> list[tuple[float, float]]:
    numbers = [float(one) for one in re.findall(r"-?\d+\.?\d*", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def drawn(benefits: list[float], costs: list[float], closed: date | None = None) -> Course:
    found = course(made(benefits, costs), closed)
    assert found is not None
    return found


def test_benefits_meet_costs_on_the_day_of_payback() -> None:
    benefits, costs = [0.0, 100.0, 300.0, 300.0, 300.0, 200.0], [500.0, 0.0, 100.0, 0.0, 0.0, 50.0]
    found = drawn(benefits, costs)
    day = payback(made(benefits, costs).months).day
    assert found.met is not None
    assert (found.met.day, found.met.projected) == (day, False)
    on_stairs = [
        low[1] + (high[1] - low[1]) * (found.met.x * WIDTH / 100 - low[0]) / (high[0] - low[0])
        for low, high in pairwise(spots(found.cost))
        if low[0] <= found.met.x * WIDTH / 100 < high[0]
    ]
    # Days are whole, so the two are as near as one day's benefit.
    assert found.met.y == pytest.approx(on_stairs[0], abs=HEIGHT / 1_200 * 11)


def test_months_that_are_not_closed_are_marked() -> None:
    found = drawn([1.0] * 6, [2.0] * 6, closed=date(2026, 4, 30))
    assert found.open == pytest.approx(100 * (date(2026, 5, 1) - DAYS.first).days / len(DAYS), abs=0.01)
    assert drawn([1.0] * 6, [2.0] * 6, closed=DAYS.last).open is None


def test_a_payback_ahead_is_drawn_when_it_is_near() -> None:
    found = drawn([0.0, 100.0, 100.0, 100.0, 100.0, 60.0], [600.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert found.met is not None
    assert found.met.projected
    assert found.end < 100
    (x, y), (cost_x, cost_y) = spots(found.ahead[0])[-1], spots(found.ahead[1])[-1]
    assert (x, y) == (pytest.approx(cost_x), pytest.approx(cost_y, abs=HEIGHT / 600 * 4))
    assert drawn([0.0, 10.0, 10.0, 10.0, 10.0, 10.0], [600.0, 0.0, 0.0, 0.0, 0.0, 0.0]).ahead == []


def test_without_money_there_is_no_chart() -> None:
    assert course(made([0.0] * 6, [0.0] * 6), None) is None


amounts = st.lists(st.integers(-2_000, 9_000).map(float), min_size=6, max_size=6)


@given(amounts, st.lists(st.integers(0, 9_000).map(float), min_size=6, max_size=6))
def test_everything_lies_in_the_box_and_goes_to_the_right(benefits: list[float], costs: list[float]) -> None:
    if not any((*benefits, *costs)):
        return
    found = drawn(benefits, costs, DAYS.first - timedelta(days=1))
    for path in filter(None, (found.benefit, found.hard, found.cost, *found.ahead)):
        line = spots(path)
        assert all(-0.1 <= x <= WIDTH + 0.1 and -0.1 <= y <= HEIGHT + 0.1 for x, y in line)
        assert all(before <= after for (before, _), (after, _) in pairwise(line))
    assert found.amounts[0].at == pytest.approx(HEIGHT)
    assert found.amounts[-1].at == pytest.approx(0)
    assert any(tick.label == "0" for tick in found.amounts)
    assert len(found.months) <= 8
