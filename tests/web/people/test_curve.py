from __future__ import annotations

from lopan.analytics.intervals import wilson
from lopan.analytics.retention import Rate, Step
from lopan.web.people.curve import HEIGHT, curve


def step(number: int, back: int, cohort: int) -> Step:
    bound = wilson(back, cohort)
    low, high = bound if bound else (None, None)
    value = back / cohort if cohort else None
    rate = Rate(step=number, value=value, back=back, cohort=cohort, low=low, high=high, first=None, last=None)
    return Step(rate=rate, before=rate, days=[])


def test_days_go_right_and_shares_up_with_gaps_where_nobody_is() -> None:
    drawn = curve([step(1, 40, 40), step(7, 0, 0), step(30, 10, 40), step(90, 2, 4)], 30, 0.8)

    assert [dot.rate.step for dot in drawn.dots] == [1, 30, 90]
    assert [dot.x for dot in drawn.dots] == sorted(dot.x for dot in drawn.dots)
    assert [(link.x1, link.x2) for link in drawn.links] == [(drawn.dots[1].x, 100.0)]
    assert [dot.enough for dot in drawn.dots] == [True, True, False]
    assert (drawn.dots[0].y, drawn.dots[1].y, drawn.target) == (0.0, HEIGHT * 0.75, HEIGHT * 0.2)
    assert (drawn.others, drawn.other_links) == ([], [])
    second = curve([step(1, 40, 40)], 30, None, [step(1, 20, 40), step(7, 10, 40)])
    assert [dot.y for dot in second.others] == [HEIGHT * 0.5, HEIGHT * 0.75]
    assert (len(second.links), len(second.other_links)) == (0, 1)
    for dot in drawn.dots:
        assert dot.high - 0.1 <= dot.y <= dot.low + 0.1
