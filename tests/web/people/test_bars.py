from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.web.people.bars import Column, stack

amounts = st.dictionaries(st.sampled_from(("returning", "fresh")), st.floats(0, 1e6), max_size=2)
columns = st.lists(st.builds(Column, st.just("1 Nov"), amounts, amounts, st.booleans()), min_size=1, max_size=90)


@given(columns, st.sampled_from((110.0, 150.0)))
def test_bars_stay_inside_and_are_as_high_as_what_they_show(columns: list[Column], height: float) -> None:
    drawn = stack(columns, height)
    step = next((abs(two.value - one.value) for one, two in zip(drawn.ticks, drawn.ticks[1:], strict=False)), None)
    unit = abs(drawn.ticks[1].y - drawn.ticks[0].y) / step if step else 0.0
    assert [bar.partial for bar in drawn.bars] == [column.partial for column in columns]
    assert sum(bool(bar.label) for bar in drawn.bars) <= 6
    for bar in drawn.bars:
        assert 0 <= bar.x < bar.x + bar.width <= 100.01
        for piece in bar.pieces:
            assert -0.1 <= piece.y <= piece.y + piece.height <= height + 0.2
            assert piece.height == pytest.approx(piece.value * unit, abs=0.5)


@given(columns)
def test_what_is_above_and_what_is_below_part_at_the_axis(columns: list[Column]) -> None:
    drawn = stack(columns, 150)
    for bar, column in zip(drawn.bars, columns, strict=True):
        above, below = bar.pieces[: len(column.above)], bar.pieces[len(column.above) :]
        assert all(piece.y + piece.height <= drawn.zero + 0.1 for piece in above)
        assert all(piece.y >= drawn.zero - 0.1 for piece in below)


def test_nothing_to_show_is_an_axis_at_the_foot() -> None:
    drawn = stack([], 150)
    assert (drawn.bars, drawn.zero) == ([], 150)
