"""Runs put together in any way come to the same: counts add up, quantiles are those of all times in one list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.runs import Began, Group, Runs, Times, grouped, merged, told

ALL: Group = ("order", "", "")
Day = tuple[list[list[int]], int, str]
STARTS = st.lists(st.lists(st.integers(0, 9_000_000), max_size=3), max_size=6)
DAYS = st.lists(st.tuples(STARTS, st.sampled_from((0, 40, 60, 2**32 - 1)), st.sampled_from(("a", "b"))), max_size=6)
"""By day the gaps of each run, as far as it got; when they are judged; their role."""


def times(values: list[int]) -> Times:
    return np.array(sorted(values), np.uint32)


def runs(gaps: list[list[int]]) -> Runs:
    reached = tuple(sum(len(run) >= stage for run in gaps) for stage in range(4)) if gaps else ()
    return Runs(
        begun=len(gaps),
        first=reached,
        any=reached,
        gaps=tuple(times([run[stage] for run in gaps if len(run) > stage]) for stage in range(3)),
        totals=times([sum(run) for run in gaps if len(run) == 3]),
    )


@given(DAYS, DAYS)
def test_figures_are_those_of_all_runs_together(past: list[Day], current: list[Day]) -> None:
    at = 50
    closed = grouped((Began("order", role, "1", 0, runs(gaps)) for gaps, _, role in past), 0)
    opened = grouped((Began("order", role, "1", due, runs(gaps)) for gaps, due, role in current), at)
    judged = [run for gaps, _, _ in past for run in gaps] + [
        run for gaps, due, _ in current if due <= at for run in gaps
    ]
    found = told(ALL, closed, opened)
    assert found.begun == sum(len(gaps) for gaps, _, _ in (*past, *current))
    reached = [sum(len(run) >= stage for run in judged) for stage in range(4)]
    assert list(found.first or (0, 0, 0, 0)) == list(found.any or (0, 0, 0, 0)) == reached
    for stage, told_of in enumerate(found.gaps):
        passed = [run[stage] for run in judged if len(run) > stage]
        assert told_of == (pytest.approx(tuple(np.quantile(passed, (0.5, 0.9)))) if passed else None)
    done = [sum(run) for run in judged if len(run) == 3]
    assert found.totals == (pytest.approx(tuple(np.quantile(done, (0.5, 0.9)))) if done else None)
    roles: list[Group] = [("order", "role", "a"), ("order", "role", "b")]
    assert sum(told(role, closed, opened).begun for role in roles) == found.begun


def test_one_part_is_itself() -> None:
    one = runs([[1, 2, 3], [4]])
    assert merged([one]) is one
