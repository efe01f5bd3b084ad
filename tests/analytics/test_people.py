"""Figures about people against plain Python: zones, changes of the clock, late and repeated events, days read mixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.analytics.fleet import DAY, Truth, dense
from tests.analytics.people import (
    FILTERS,
    PROJECTS,
    UNITS,
    Shared,
    check_engagement,
    check_retention,
    check_sessions,
    check_triangle,
    mixed,
    prepared,
    shared,
)

from lopan.analytics import days as days_module
from lopan.analytics.audience import AXES, Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.cohorts import METHODS, Method
from lopan.control import merges
from lopan.control.identities import Identities

NAMES = st.sampled_from([f"u{index}" for index in range(5)])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(tmp_path_factory.mktemp("people")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _late_days_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many days late events touched, read them raw: then every figure is exact at once."""
    monkeypatch.setattr(days_module, "LATE_RAW", 1_000)


quick = settings(max_examples=6, suppress_health_check=list(HealthCheck))


@quick
@given(drawn=mixed(), audience=st.sampled_from(FILTERS), by=st.sampled_from(AXES), back=st.integers(0, 70))
def test_engagement(store: Shared, drawn: Any, audience: Audience, by: str, back: int) -> None:
    example, truth = prepared(store, drawn)
    last = truth.today - DAY * back
    check_engagement(example, truth, audience, by, Dates(last - DAY * 9, last))


@quick
@given(drawn=mixed(), audience=st.sampled_from(FILTERS), by=st.sampled_from(AXES), method=st.sampled_from([*METHODS]))
def test_retention(store: Shared, drawn: Any, audience: Audience, by: str, method: Method) -> None:
    example, truth = prepared(store, drawn)
    check_retention(example, truth, audience, by, method)
    numbers = Identities(store.target.engine).numbers("user", sorted(set(truth.person) - {""}))
    for unit in UNITS:
        check_triangle(example, truth, audience, unit, numbers)


@quick
@given(drawn=mixed(), audience=st.sampled_from(FILTERS), by=st.sampled_from(AXES), back=st.integers(0, 60))
def test_sessions(store: Shared, drawn: Any, audience: Audience, by: str, back: int) -> None:
    example, truth = prepared(store, drawn)
    check_sessions(example, truth, audience, by, Dates(truth.today - DAY * 102, truth.today - DAY * back))


@settings(quick, max_examples=4)
@given(drawn=mixed(), pairs=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4), restart=st.booleans())
def test_merged_users_are_one_person_for_the_past_too(
    store: Shared, drawn: Any, pairs: list[tuple[str, str]], restart: bool
) -> None:
    events, *rest = drawn
    own = f"{next(PROJECTS)}-"
    events = [msgspec.structs.replace(event, user=event.user and own + event.user) for event in events]
    example, _ = prepared(store, (events, *rest))
    same = {event.user: event.user for event in events}
    for one, other in pairs:
        now = {same.get(own + name, own + name) for name in (one, other)}
        same = {name: min(now) if person in now else person for name, person in {**same, **{n: n for n in now}}.items()}
    merges.merge(store.target.engine, "user", [(own + one, own + other) for one, other in pairs])
    if restart:
        example.people = example.started()
    store.run(example.people.days.merge())
    truth = Truth(events, example.zone, same)
    dates = Dates(truth.today - DAY * 40, truth.today)
    for _ in range(2):
        check_engagement(example, truth, FILTERS[0], "role", dates)
        check_retention(example, truth, FILTERS[1], "release", "bracket")
        check_sessions(example, truth, FILTERS[0], "role", Dates(truth.today - DAY * 106, truth.today))
        example.settle(6)


def test_a_dense_fleet(store: Shared) -> None:
    """Every day, filter, axis and method: whoever is wrong by a day is wrong here."""
    events, zone = dense(7), "America/Havana"
    example, truth = prepared(store, (events, zone, len(events) // 2, 20, 20))
    numbers = Identities(store.target.engine).numbers("user", sorted(set(truth.person)))
    check_sessions(example, truth, FILTERS[1], "release", Dates(truth.today - DAY * 106, truth.today))
    for audience, by, method, unit in zip(FILTERS, (*AXES, "role"), METHODS, UNITS * 2, strict=True):
        check_engagement(example, truth, audience, by, Dates(truth.today - DAY * 40, truth.today))
        check_retention(example, truth, audience, by, method)
        check_triangle(example, truth, audience, unit, numbers)
