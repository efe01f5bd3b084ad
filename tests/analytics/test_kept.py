"""What is kept about days: bounded, told apart by its stamp, and never stale, whatever happens to the days."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.analytics.fleet import DAY, NOW, ROLES, ZONES, Truth, fleets
from tests.analytics.people import (
    FILTERS,
    Example,
    Shared,
    check_engagement,
    check_retention,
    check_sessions,
    check_triangle,
    shared,
)

from lopan.analytics import days as days_module
from lopan.analytics.audience import AXES
from lopan.analytics.calendar import Dates
from lopan.analytics.kept import Kept
from lopan.control import merges
from lopan.control.identities import Identities
from lopan.event import Action, Event

BEGUN = NOW - timedelta(hours=60)
HOURS = st.sampled_from((1, 11, 13, 25))
STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 6)),
    st.tuples(st.just("settle"), st.sampled_from((1, 5, 400))),
    st.tuples(st.just("pass"), HOURS),
    st.tuples(st.just("merge"), st.integers(0, 2)),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(tmp_path_factory.mktemp("kept")) as opened:
        yield opened


def test_an_entry_counts_for_its_stamp_alone() -> None:
    kept = Kept()
    first = kept.put("dau", (1, 2), 10, 8)
    assert kept.get("dau", (1, 2)) == first
    assert kept.get("dau", (1, 3)) is None
    second = kept.put("dau", (1, 3), 11, 8)
    assert kept.get("dau", (1, 2)) is None
    assert second.number > first.number


def test_what_was_used_longest_ago_makes_room() -> None:
    kept = Kept(most=4_000)
    for name in "abc":
        kept.put(name, 0, name, 900)
    assert kept.get("a", 0)
    kept.put("d", 0, "d", 900)
    assert [name for name in "abcd" if kept.get(name, 0)] == ["a", "c", "d"]
    assert kept.size <= 4_000
    kept.put("d", 1, "d", 0)
    assert kept.size == sum(entry.size for name in "acd" if (entry := kept.get(name, int(name == "d"))))
    assert kept.put("all", 0, "all", 5_000).value == "all"
    assert kept.size == 0


def test_equal_questions_are_worked_out_once_a_stamp() -> None:
    kept, made = Kept(), iter(range(9))

    async def make() -> tuple[int, int]:
        return next(made), 8

    async def scenario() -> list[int]:
        return [(await kept.once("key", stamp, make)).value for stamp in (1, 1, 2, 2, 1)]

    assert asyncio.run(scenario()) == [0, 0, 1, 1, 2]


class Course:
    """One example on which something happens, and everything that was ever asked is asked again."""

    def __init__(self, store: Shared, events: list[Event], zone: str) -> None:
        self.store = store
        self.example = Example(store, zone)
        self.example.clock.move((BEGUN - NOW).total_seconds())
        self._own = f"{self.example.project}-"
        self.left = [self._renamed(event) for event in events]
        self.known: list[Event] = []
        self.same: dict[str, str] = {}

    def take(self, kind: str, number: int) -> None:
        if kind == "send":
            past = [event for event in self.left if event.time <= self.example.clock.now()][:number]
            if past:
                self.example.send(past)
            self.left = [event for event in self.left if event not in past]
            self.known += past
        elif kind == "settle":
            self.example.settle(number)
        elif kind == "pass":
            self.example.clock.move(3_600 * number)
        elif kind == "merge":
            self._merge(f"{self._own}u{number}", f"{self._own}u{number + 1}")

    def check(self) -> None:
        truth = Truth(self.known, self.example.zone, self.same, self.example.clock.now())
        numbers = self._numbers(truth)
        dates = Dates(truth.today - DAY * 30, truth.today)
        for audience in FILTERS[:2]:
            check_engagement(self.example, truth, audience, AXES[0], dates)
            check_sessions(self.example, truth, audience, AXES[0], dates)
        check_retention(self.example, truth, FILTERS[0], AXES[0], "bracket")
        check_triangle(self.example, truth, FILTERS[0], "week", numbers)

    def _numbers(self, truth: Truth) -> dict[str, int]:
        """Of every person: the smallest of its names, one that nobody sent may be the only other."""
        seen = set(truth.person.values())
        names = sorted({*truth.person, *(name for name, person in self.same.items() if person in seen)} - {""})
        own = Identities(self.store.target.engine).numbers("user", names)
        found: dict[str, int] = {}
        for name in names:
            person = self.same.get(name, name)
            found[person] = min(own[name], found.get(person, own[name]))
        return found

    def _merge(self, one: str, other: str) -> None:
        first, *_ = persons = sorted({self.same.get(name, name) for name in (one, other)})
        everybody = {event.user for event in (*self.known, *self.left)} | {one, other}
        before = {name: self.same.get(name, name) for name in everybody}
        self.same = {name: first if person in persons else person for name, person in before.items()}
        merges.merge(self.store.target.engine, "user", [(one, other)])
        self.store.run(self.example.people.days.merge())

    def _renamed(self, event: Event) -> Event:
        return msgspec.structs.replace(event, user=event.user and self._own + event.user)


@pytest.mark.parametrize("age", [0, 1, 4, 40], ids="{} days ago".format)
def test_every_event_of_a_day_counts_at_once(store: Shared, age: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the day goes on, when it is over and read from raw events, and when it is in its table."""
    monkeypatch.setattr(days_module, "LATE_RAW", 1_000)
    at = BEGUN - DAY * age - timedelta(minutes=30)
    role: dict[str, Any] = {"role": ROLES[1], "feature": "orders"}
    course = Course(store, [Action(time=at - timedelta(minutes=n), user=f"u{n}", **role) for n in range(6)], "UTC")
    for kind, number in [*[("send", 1)] * 3, ("pass", 25), ("send", 1), ("settle", 400), *[("send", 1)] * 2]:
        course.take(kind, number)
        course.check()


@settings(max_examples=3, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(events=fleets().filter(bool), zone=st.sampled_from(ZONES), steps=st.lists(STEPS, min_size=3, max_size=6))
def test_nothing_kept_is_stale_whatever_happens(
    store: Shared, events: list[Event], zone: str, steps: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late events, days that close, midnights that pass and people who turn out to be one, in any order."""
    monkeypatch.setattr(days_module, "LATE_RAW", 1_000)
    course = Course(store, events, zone)
    for kind, number in [("send", 1 + len(events) // 2), *steps, ("pass", 60), ("send", 60), ("settle", 400)]:
        course.take(kind, number)
        course.check()
