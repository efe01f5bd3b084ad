"""Projects full of drawn events, the analytics of people over them, and every answer held against plain Python."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import pytest
from hypothesis import strategies as st
from tests.analytics.fleet import DAY, STEPS, ZONES, Truth, figures, fleets
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.cohorts import Method
from lopan.analytics.days import Days
from lopan.analytics.people import People
from lopan.analytics.sessions import SessionFigures
from lopan.analytics.triangle import Unit, period
from lopan.control import merges
from lopan.event import Event
from lopan.store import Readers
from lopan.store.readers import KEEP_SECONDS

T = TypeVar("T")
PROJECTS = count(1)
UNITS: tuple[Unit, ...] = ("week", "month")
GROUPED = ("dau", "wau", "mau", "churned", "base", "stickiness")
FILTERS = (Audience(), Audience(role="salesperson"), Audience(release="2.0"), Audience(customer="acme"))


class Example:
    """A project of its own in the shared store. Events arrive in two parts; some days are computed in between."""

    def __init__(self, store: Shared, zone: str) -> None:
        self.project = next(PROJECTS)
        self.zone = zone
        self.clock = ManualClock()
        self._store = store
        self.people = self._people(store.readers)

    def started(self) -> People:
        """As after a start of the process: what days there are is read from the store, and no answer is known."""
        return self._people(self._store.forgetful)

    def _people(self, readers: Readers) -> People:
        days = self._store.run(_days(self._store.target, self.zone, self.clock))
        self._store.opened.append(days)
        return People(days, readers)

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
        self.readers, self.forgetful = self.run(_readers(target, KEEP_SECONDS)), self.run(_readers(target, 0.0))
        self.opened: list[Days] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


@contextmanager
def shared(root: Path) -> Iterator[Shared]:
    """A store for all examples of a module."""
    with pipeline(root) as target, asyncio.Runner() as runner:
        opened = Shared(target, runner)
        yield opened
        for days in opened.opened:
            days.close()
        opened.readers.close()
        opened.forgetful.close()


async def _days(target: Pipeline, zone: str, clock: ManualClock) -> Days:
    return Days(target.store, zone, clock, persons=partial(merges.persons, target.engine, "user"))


async def _readers(target: Pipeline, keep_s: float) -> Readers:
    return Readers(target.store, 2, keep_s)


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


def born_in(truth: Truth, days: Dates, axis: str, name: str) -> set[str]:
    return set().union(*(truth.born(day, axis, name) for day in days))


def plain(found: SessionFigures) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def approximately(known: dict[str, Any]) -> dict[str, Any]:
    """Means are sums of milliseconds over a count: all but the last bits must agree."""
    return {
        name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value for name, value in known.items()
    }
