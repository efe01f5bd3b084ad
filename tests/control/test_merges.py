from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from lopan.control import merges
from lopan.control.identities import names, numbers

KINDS = count()
pairs = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_pairs=st.lists(pairs, max_size=3))
def test_whoever_is_linked_is_one_person_told_by_the_smallest_number(
    engine: Engine, given_pairs: list[list[tuple[int, int]]]
) -> None:
    kind = f"kind {next(KINDS)}"
    known = numbers(engine, kind, [f"u{index}" for index in range(8)])
    groups = {number: {number} for number in known.values()}
    for call in given_pairs:
        merges.merge(engine, kind, [(f"u{one}", f"u{other}") for one, other in call])
        for one, other in call:
            joined = groups[known[f"u{one}"]] | groups[known[f"u{other}"]]
            groups |= dict.fromkeys(joined, joined)
    assert merges.persons(engine, kind) == {
        number: min(group) for number, group in groups.items() if number != min(group)
    }
    for number, group in groups.items():
        if number == min(group):
            assert list(merges.members(engine, kind, number)) == sorted(group)


def test_only_a_new_link_counts_and_kinds_are_apart(engine: Engine) -> None:
    assert merges.merge(engine, "user", [("anna", "a1"), ("anna", "a1"), ("anna", "anna"), ("anna", "")]) == 1
    assert merges.merge(engine, "user", [("a1", "anna")]) == 0
    assert merges.persons(engine, "install") == {}


def test_a_name_that_everybody_shares_does_not_make_them_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(merges, "MOST", 3)
    assert merges.merge(engine, "user", [(f"u{index}", "guest") for index in range(5)]) == 2
    assert len(merges.persons(engine, "user")) == 2
    assert "at most 3 names" in caplog.text


def test_names_of_numbers(engine: Engine) -> None:
    known = numbers(engine, "user", ["anna", "bert"])
    assert names(engine, "user", [*known.values(), 99]) == {number: name for name, number in known.items()}
