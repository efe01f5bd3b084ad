"""A group struggles at a step when it loses more runs there than the others, beyond chance, and only then."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.struggle import LEAST_POINTS, struggles
from lopan.analytics.workflows import MIN_RUNS, Entry, Funnel, Split, Step, WorkflowUse

STEPS = ("scan", "shelve")
DAY = date(2026, 11, 22)

Reached = tuple[int, int, int]
"""Runs started, and those that passed each step."""

reached = st.lists(st.integers(0, 400), min_size=3, max_size=3).map(lambda counts: _falling(*counts))


def _falling(*counts: int) -> Reached:
    most, middle, least = sorted(counts, reverse=True)
    return most, middle, least


def funnel(counts: Reached, entry: Entry = "first") -> Funnel:
    steps = [
        Step(name=name, reached=after, share=None, dropped=before - after, drop_off=None, median_s=None, p90_s=None)
        for name, before, after in zip(STEPS, counts[:-1], counts[1:], strict=True)
    ]
    return Funnel(
        entry=entry,
        started=counts[0],
        completed=counts[-1],
        completion=None,
        low=None,
        high=None,
        steps=steps,
        median_s=None,
        p90_s=None,
    )


def use(*roles: Reached) -> WorkflowUse:
    """A workflow that each of these roles ran; they are called 0, 1, 2 ..."""
    whole = (sum(role[0] for role in roles), sum(role[1] for role in roles), sum(role[2] for role in roles))
    return WorkflowUse(
        id="goods",
        title="Goods",
        description="",
        dates=Dates(DAY, DAY),
        audience=Audience(),
        window_s=60,
        definition="",
        started=whole[0],
        pending=0,
        first=funnel(whole),
        any=funnel(whole, "any"),
        target=None,
        status="no data",
        previous=None,
        change=None,
        trend="unknown",
        enough=True,
        roles=[
            Split(
                key=str(index),
                title=str(index),
                first=funnel(role),
                any=funnel(role, "any"),
                enough=role[0] >= MIN_RUNS,
            )
            for index, role in enumerate(roles)
        ],
        releases=[],
        series=[],
        late=[],
    )


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param([(100, 100, 60), (100, 100, 98)], [("0", "shelve", 40.0, 2.0)], id="one loses at the second step"),
        pytest.param(
            [(100, 60, 60), (100, 98, 98)], [("0", "scan", 40.0, 2.0)], id="what never came is not lost again"
        ),
        pytest.param([(100, 100, 60), (100, 100, 58)], [], id="who is as bad as the others does not struggle"),
        pytest.param([(20, 20, 4), (500, 500, 490)], [], id="too few runs of its own"),
        pytest.param([(100, 100, 60), (20, 20, 20)], [], id="too few others"),
        pytest.param([(9000, 9000, 8600), (9000, 9000, 8900)], [], id="certain, but less than five points"),
        pytest.param([(100, 100, 60)], [], id="alone"),
        pytest.param([(0, 0, 0), (0, 0, 0)], [], id="nothing"),
    ],
)
def test_struggle_is_told_from_chance(roles: list[Reached], expected: list[tuple[str, str, float, float]]) -> None:
    found = struggles(use(*roles))

    assert [(one.key, one.step, one.lost, one.others) for one in found] == expected


@given(st.lists(reached, min_size=1, max_size=4))
def test_who_struggles_is_worse_than_the_others_and_not_all_are(roles: list[Reached]) -> None:
    found = struggles(use(*roles))

    assert all(one.lost - one.others >= LEAST_POINTS and one.n >= MIN_RUNS for one in found)
    assert found == sorted(found, key=lambda one: one.others - one.lost)
    for step in STEPS:
        assert len([one for one in found if one.step == step]) < max(2, len(roles))
    assert [one.key for one in struggles(use(*roles), "any")] == [one.key for one in found]
