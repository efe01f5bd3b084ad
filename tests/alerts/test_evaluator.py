from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import pytest

from lopan.alerts.evaluator import SHORTEST_REST, TICK, Evaluator
from lopan.alerts.registry import Observation
from lopan.alerts.rule import Condition, Level, Rule
from lopan.analytics.metric import Filters, Measure, Span
from lopan.errors import TryAgain

if TYPE_CHECKING:
    from tests.alerts.conftest import ManualClock


def make(name: str, *events: str, by: str = "") -> Rule:
    level = Level("critical", Condition(">", 1.0), Condition("<", 0.5))
    return Rule(id=name, title=name, kpi=name, levels=(level,), events=events, by="release" if by else "", window="10m")


class Figures:
    """Every KPI is 2.0, unless ``error`` is set; ``during`` is called while a figure is being measured."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Span, Filters]] = []
        self.error: TryAgain | None = None
        self.during: Callable[[], None] = lambda: None

    async def measure(self, name: str, span: Span, filters: Filters) -> Measure:
        self.asked.append((name, span, filters))
        self.during()
        if self.error:
            raise self.error
        return Measure(2.0, 100)

    async def measures(self, _name: str, _span: Span, by: str) -> dict[str, Measure]:
        assert by == "release"
        return {"2.0.0": Measure(2.0, 100), "2.1.0": Measure(3.0, 900), "": Measure(9.0, 1)}


class Seen:
    """Keeps what the evaluator hands on; one alert of release 1.9.0 is open."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []

    async def apply(self, seen: Sequence[Observation]) -> None:
        self.seen.extend(seen)

    async def labels(self, _rule: str) -> list[dict[str, str]]:
        return [{"release": "1.9.0"}]


@pytest.fixture
def figures() -> Figures:
    return Figures()


@pytest.fixture
def evaluator(figures: Figures, clock: ManualClock) -> Evaluator:
    return Evaluator([make("launch", "app_launch"), make("any"), make("memory", "memory")], figures, Seen(), clock)


async def test_a_commit_wakes_the_rules_that_live_on_its_types(evaluator: Evaluator, clock: ManualClock) -> None:
    assert await evaluator.evaluate() == ["launch", "any", "memory"]
    clock.forward(1)
    assert await evaluator.evaluate() == []
    evaluator.wake({"app_launch", "crash"})
    assert await evaluator.evaluate() == ["launch", "any"]


async def test_windows_slide_without_commits(evaluator: Evaluator, clock: ManualClock) -> None:
    await evaluator.evaluate()
    clock.forward(TICK - 0.1)
    assert await evaluator.evaluate() == []
    clock.forward(0.1)
    assert await evaluator.evaluate() == ["launch", "any", "memory"]


async def test_a_woken_rule_rests_but_forgets_nothing(evaluator: Evaluator, clock: ManualClock) -> None:
    await evaluator.evaluate()
    evaluator.wake({"memory"})
    assert await evaluator.evaluate() == ["any", "memory"]
    evaluator.wake({"memory"})
    assert await evaluator.evaluate() == []
    clock.forward(SHORTEST_REST)
    assert await evaluator.evaluate() == ["any", "memory"]


async def test_a_commit_during_the_measuring_is_not_lost(
    evaluator: Evaluator, figures: Figures, clock: ManualClock
) -> None:
    figures.during = lambda: evaluator.wake({"memory"})
    await evaluator.evaluate()
    figures.during = lambda: None
    clock.forward(SHORTEST_REST)
    assert await evaluator.evaluate() == ["any", "memory"]


async def test_the_window_ends_now(evaluator: Evaluator, figures: Figures, clock: ManualClock) -> None:
    await evaluator.evaluate()
    _, span, _ = figures.asked[0]
    assert (span.end, span.seconds) == (clock.now(), 600)


async def test_each_value_of_a_dimension_and_each_open_alert_is_looked_at(figures: Figures, clock: ManualClock) -> None:
    registry = Seen()
    await Evaluator([make("launch", by="release")], figures, registry, clock).evaluate()
    assert [one.labels["release"] for one in registry.seen] == ["2.1.0", "2.0.0", "1.9.0"]
    assert [one.measure.n for one in registry.seen] == [900, 100, 0]


async def test_rules_that_share_kpi_and_window_share_the_measuring(figures: Figures, clock: ManualClock) -> None:
    registry = Seen()
    twin = msgspec.structs.replace(make("launch"), id="twin")
    wide = msgspec.structs.replace(make("launch"), id="wide", window="1h")
    await Evaluator([make("launch"), twin, wide], figures, registry, clock).evaluate()
    assert [one.rule.id for one in registry.seen] == ["launch", "twin", "wide"]
    assert [span.seconds for _, span, _ in figures.asked] == [600, 3_600]


async def test_what_cannot_be_measured_changes_nothing_and_is_said_once(
    figures: Figures, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Seen()
    evaluator = Evaluator([make("launch")], figures, registry, clock)
    figures.error = TryAgain("the store is out of memory")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await evaluator.evaluate()
            clock.forward(TICK)
    assert (registry.seen, evaluator.failing) == ([], {"launch": "the store is out of memory"})
    assert len(caplog.records) == 1
    figures.error = None
    await evaluator.evaluate()
    assert (len(registry.seen), evaluator.failing) == (1, {})


async def test_run_answers_a_wake_up(evaluator: Evaluator, figures: Figures) -> None:
    measured = asyncio.Event()
    task = asyncio.create_task(evaluator.run())
    async with asyncio.timeout(10):
        while len(figures.asked) < 3:
            await asyncio.sleep(0)
        figures.during = measured.set
        evaluator.wake({"app_launch"})
        await measured.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
