"""Figures about people against plain Python: zones, changes of the clock, late and repeated events, days read mixed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from functools import partial
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.analytics.fleet import DAY, STEPS, ZONES, Truth, dense, figures, fleets
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics import days as days_module
from lopan.analytics.audience import AXES, Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.days import Days
from lopan.analytics.people import People
from lopan.analytics.retention import METHODS, Method
from lopan.analytics.sessions import SessionFigures
from lopan.analytics.triangle import Unit, period
from lopan.control import merges
from lopan.control.identities import Identities
from lopan.event import Event
from lopan.store import Readers

T = TypeVar("T")
PROJECTS = count(1)
UNITS: tuple[Unit, ...] = ("week", "month")
NAMES = st.sampled_from([f"u{index}" for index in range(5)])
GROUPED = ("dau", "wau", "mau", "churned", "base", "stickiness")
FILTERS = (Audience(), Audience(role="salesperson"), Audience(release="2.0"), Audience(customer="acme"))


class Example:
    """A project of its own in the shared store. Events arrive in two parts; some days are computed in between."""

    def __init__(self, store: Shared, zone: str) -> None:
        self.project = next(PROJECTS)
        self.zone = zone
        self._store = store
        self.people = self.started()

    def started(self) -> People:
        """As after a start of the process: what days there are is read from the store."""
        days = self._store.run(_days(self._store.target, self.zone))
        self._store.opened.append(days)
        return People(days, self._store.readers)

    def send(self, events: list[Event]) -> None:
        """Store the events, half of them twice, and tell of their days as a commit does."""
        named = [msgspec.structs.replace(event, event_id=uuid4().hex) for event in events]
        assert self._store.target.put(named + named[::2], self.project) == len(named)
        zone = Truth([], self.zone).zone
        self.people.days.touched({(self.project, event.time.astimezone(zone).date()) for event in named})
        self._store.readers.moved()

    def settle(self, most: int | None = None) -> int:
        return self._store.run(self.people.days.settle(self.project, most))

    def ask(self, answer: Coroutine[Any, Any, T]) -> T:
        return self._store.run(answer)

    def of(self, audience: Audience) -> Audience:
        return msgspec.structs.replace(audience, project=str(self.project))


class Shared:
    """The store of all examples, with one loop and one set of readers."""

    def __init__(self, target: Pipeline, runner: asyncio.Runner) -> None:
        self.target = target
        self._runner = runner
        self.readers = self.run(_readers(target))
        self.opened: list[Days] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


async def _days(target: Pipeline, zone: str) -> Days:
    return Days(target.store, zone, ManualClock(), persons=partial(merges.persons, target.engine, "user"))


async def _readers(target: Pipeline) -> Readers:
    return Readers(target.store, 2)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with pipeline(tmp_path_factory.mktemp("people")) as target, asyncio.Runner() as runner:
        shared = Shared(target, runner)
        yield shared
        for days in shared.opened:
            days.close()
        shared.readers.close()


@pytest.fixture(autouse=True)
def _late_days_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many days late events touched, read them raw: then every figure is exact at once."""
    monkeypatch.setattr(days_module, "LATE_RAW", 1_000)


@st.composite
def mixed(draw: st.DrawFn) -> tuple[list[Event], str, int, int, int]:
    """Events, the zone, how many of them come first, and how many days are computed before and after the rest."""
    events = draw(fleets().filter(bool))
    counts = draw(st.integers(0, len(events))), draw(st.integers(0, 7)), draw(st.integers(0, 7))
    return events, draw(st.sampled_from(ZONES)), *counts


def prepared(store: Shared, drawn: tuple[list[Event], str, int, int, int]) -> tuple[Example, Truth]:
    events, zone, first, before, after = drawn
    example = Example(store, zone)
    for part, most in ((events[:first], before), (events[first:], after)):
        if part:
            example.send(part)
        example.settle(most)
    return example, Truth(events, zone)


quick = settings(max_examples=6, suppress_health_check=list(HealthCheck))


def check_engagement(example: Example, truth: Truth, audience: Audience, by: str, dates: Dates) -> None:
    axis, name = audience.axis
    for people in (example.people, example.started()):
        report = example.ask(people.engagement.report(dates, example.of(audience)))
        assert [msgspec.structs.asdict(day) for day in report.days] == [truth.people(day, axis, name) for day in dates]
        assert report.late == []
    groups = example.ask(example.people.engagement.groups(by, dates.last, example.of(Audience())))
    known = {name: truth.people(dates.last, by, name) for name in truth.names(by)}
    assert {group.key: [getattr(group, field) for field in GROUPED] for group in groups} == {
        name: [people[field] for field in GROUPED] for name, people in known.items() if people["mau"] or people["base"]
    }


def check_retention(example: Example, truth: Truth, audience: Audience, by: str, method: Method) -> None:
    dates = Dates(truth.today - DAY * 106, truth.today)
    axis, name = audience.axis
    report = example.ask(example.people.retention.report(dates, example.of(audience), method=method))
    assert [(rate.step, rate.back, rate.cohort) for rate in report.rates] == [
        (step, *truth.rate(list(dates), step, method, axis, name)) for step in STEPS
    ]
    assert [cohort.day for cohort in report.cohorts] == list(dates)[:-1]
    for cohort in report.cohorts:
        born = truth.born(cohort.day, axis, name)
        there = {step: truth.came_back(cohort.day, step, method) for step in STEPS}
        assert cohort.size == len(born)
        assert cohort.back == {step: len(born & back) for step, back in there.items() if back is not None}
    split = example.ask(example.people.retention.report(dates, example.of(Audience()), by, method))
    for group in split.groups:
        for rate in group.rates:
            assert (rate.back, rate.cohort) == truth.rate(list(dates), rate.step, method, by, group.key)
    assert {group.key for group in split.groups} == {
        name for name in truth.names(by) if any(truth.born(day, by, name) for day in list(dates)[:-1])
    }


def check_triangle(example: Example, truth: Truth, audience: Audience, unit: Unit, numbers: dict[str, int]) -> None:
    axis, name = audience.axis
    asked = Dates(truth.today - DAY * 106, truth.today)
    triangle = example.ask(example.people.retention.triangle(asked, unit, example.of(audience)))
    for row in triangle.rows:
        born = born_in(truth, period(unit, row.cohort), axis, name)
        assert row.size == len(born)
        for cell in row.cells:
            days = period(unit, cell.period)
            there = truth.window(days.first, days.last)
            assert (cell.back, cell.partial) == (len(born & there), days.last >= truth.today)
    row = max(triangle.rows, key=lambda row: row.size)
    cohort, days = period(unit, row.cohort), period(unit, row.cells[len(row.cells) // 2].period)
    found = example.ask(example.people.retention.users(cohort, days, example.of(audience)))
    born, there = born_in(truth, cohort, axis, name), truth.window(days.first, days.last)
    assert found.back == sorted(numbers[one] for one in born & there)
    assert found.gone == sorted(numbers[one] for one in born - there)


def check_sessions(example: Example, truth: Truth, audience: Audience, by: str, dates: Dates) -> None:
    axis, name = audience.axis
    report = example.ask(example.people.sessions.report(dates, example.of(audience), by))
    sessions = [
        one
        for one in truth.sessions()
        if dates.first <= one[0] <= dates.last and (not axis or getattr(one[1], axis) == name)
    ]
    assert plain(report.whole) == approximately(figures(sessions))
    for day in report.days:
        assert plain(day.figures) == approximately(figures([one for one in sessions if one[0] == day.day]))
    groups = {
        key: [one for one in sessions if getattr(one[1], by) == key]
        for _, one, _, _ in sessions
        for key in [getattr(one, by)]
    }
    assert [group.key for group in report.groups] == sorted(groups, key=lambda key: (-len(groups[key]), key))
    for group in report.groups:
        assert plain(group.figures) == approximately(figures(groups[group.key]))


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


def born_in(truth: Truth, days: Dates, axis: str, name: str) -> set[str]:
    return set().union(*(truth.born(day, axis, name) for day in days))


def plain(found: SessionFigures) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def approximately(known: dict[str, Any]) -> dict[str, Any]:
    """Means are sums of milliseconds over a count: all but the last bits must agree."""
    return {
        name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value for name, value in known.items()
    }
