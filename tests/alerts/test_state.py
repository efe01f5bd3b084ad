from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.alerts.rule import Condition, Level, Rule
from lopan.alerts.state import Change, Evidence, Latch, Phase, Standing, advance, changes, evidence, quiet, step
from lopan.analytics.metric import Measure

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make(
    no_data: Literal["keep", "ok", "alert"] = "keep",
    *,
    interval: bool = False,
    fire_for: str = "60s",
    clear_for: str = "120s",
) -> Rule:
    return Rule(
        id="launch",
        title="Launch",
        kpi="app_launch_time",
        min_samples=30,
        no_data=no_data,
        interval=interval,
        levels=(
            Level("warning", Condition(">", 2.0, fire_for), Condition("<", 1.9, clear_for)),
            Level("critical", Condition(">", 3.0), Condition("<", 2.8, clear_for)),
        ),
    )


def run(rule: Rule, course: list[tuple[float, Measure]]) -> tuple[Standing, list[tuple[float, Change]]]:
    """The standing after a course of (seconds, measure), and every history line with its second."""
    standing, lines = quiet(len(rule.levels)), []
    for second, measure in course:
        after = advance(standing, rule, measure, START + timedelta(seconds=second))
        lines += [(second, line) for line in changes(standing, after)]
        standing = after
    return standing, lines


NOTHING = Measure(None, 0)


def told(rule: Rule, course: str) -> str:
    """History lines of a course written as "second:value/n"; "-" is no data, and n is 100 where it is not given."""
    steps: list[tuple[float, Measure]] = []
    for entry in course.split():
        second, _, figure = entry.partition(":")
        value, _, n = figure.partition("/")
        steps.append((float(second), NOTHING if value == "-" else Measure(float(value), int(n or 100))))
    _, lines = run(rule, steps)
    return ", ".join(f"{second:g} {line.kind} {rule.levels[line.level].severity}" for second, line in lines)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param("0:2.5 59:2.5", "0 pending warning", id="waits-its-time"),
        pytest.param("0:2.5 60:2.5", "0 pending warning, 60 firing warning", id="fires-after-its-time"),
        pytest.param("0:2.5 30:1.95 60:2.5", "0 pending warning, 30 cancelled warning, 60 pending warning", id="pause"),
        pytest.param("0:2.5 30:- 60:2.5", "0 pending warning, 60 firing warning", id="absence-is-no-pause"),
        pytest.param("0:3.5", "0 pending critical, 0 firing critical", id="critical-at-once"),
        pytest.param(
            "0:2.5 60:2.5 70:3.5", "0 pending warning, 60 firing warning, 70 raised critical", id="one-alert-is-raised"
        ),
        pytest.param(
            "0:3.5 10:2.5 130:2.5", "0 pending critical, 0 firing critical, 130 lowered warning", id="and-lowered"
        ),
        pytest.param(
            "0:3.5 10:1 129:1", "0 pending critical, 0 firing critical, 10 recovering critical", id="recovers-first"
        ),
        pytest.param(
            "0:3.5 10:1 130:1",
            "0 pending critical, 0 firing critical, 10 recovering critical, 130 resolved critical",
            id="then-resolves",
        ),
        pytest.param(
            "0:3.5 10:1 20:3.5 140:1",
            "0 pending critical, 0 firing critical, 10 recovering critical, 20 relapsed critical, "
            "140 recovering critical",
            id="a-relapse-is-the-same-alert",
        ),
        pytest.param("0:3.5 10:2.9 9000:2.9", "0 pending critical, 0 firing critical", id="holds-in-the-band"),
        pytest.param("0:3.5 10:- 9000:-", "0 pending critical, 0 firing critical", id="absence-resolves-nothing"),
        pytest.param("0:9/29", "", id="too-few-samples"),
    ],
)
def test_course(course: str, expected: str) -> None:
    assert told(make(), course) == expected


@pytest.mark.parametrize(
    ("no_data", "course", "expected"),
    [
        pytest.param(
            "ok",
            "0:3.5 10:- 130:-",
            "0 pending critical, 0 firing critical, 10 recovering critical, 130 resolved critical",
            id="ok-resolves",
        ),
        pytest.param("alert", "0:- 60:-", "0 pending warning, 60 firing warning", id="alert-fires"),
        pytest.param("alert", "0:9/3 60:9/3", "", id="few-is-not-nothing"),
        pytest.param("keep", "0:- 60:-", "", id="keep-stays-quiet"),
    ],
)
def test_no_data(no_data: Literal["keep", "ok", "alert"], course: str, expected: str) -> None:
    assert told(make(no_data), course) == expected


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        pytest.param(Measure(2.5, 50, 1.9, 3.0), "between", id="interval-reaches-below"),
        pytest.param(Measure(2.5, 50, 2.1, 3.0), "breach", id="whole-interval-above"),
        pytest.param(Measure(2.5, 50), "absent", id="no-interval-known"),
        pytest.param(Measure(1.0, 50, 0.5, 2.6), "clear", id="value-clears"),
    ],
)
def test_an_interval_rule_needs_the_whole_interval_beyond_the_threshold(measure: Measure, expected: Evidence) -> None:
    rule = make(interval=True)
    assert evidence(rule, rule.levels[0], measure) == expected


class Reference:
    """The latch told as history: what the evidence since the last contrary one adds up to."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.on = False
        self.streak: list[tuple[int, Evidence]] = []

    def see(self, second: int, seen: Evidence) -> Phase:
        if seen == "absent":
            return self.phase()
        wanted = "clear" if self.on else "breach"
        self.streak = [*self.streak, (second, seen)] if seen == wanted else []
        hold = self.level.clear.hold if self.on else self.level.fire.hold
        if self.streak and second - self.streak[0][0] >= hold:
            self.on, self.streak = not self.on, []
        return self.phase()

    def phase(self) -> Phase:
        if self.on:
            return "recovering" if self.streak else "firing"
        return "pending" if self.streak else "inactive"


@given(
    st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["breach", "between", "clear", "absent"])), max_size=60),
    st.sampled_from(["0s", "30s", "60s"]),
    st.sampled_from(["0s", "30s", "60s"]),
)
def test_latch_does_as_the_reference(course: list[tuple[int, Evidence]], fire_for: str, clear_for: str) -> None:
    level = Level("warning", Condition(">", 2.0, fire_for), Condition("<", 1.9, clear_for))
    reference, latch, second = Reference(level), Latch(), 0
    for pause, seen in course:
        second += pause
        latch = step(latch, level, seen, START + timedelta(seconds=second))
        assert latch.phase == reference.see(second, seen)


figures = st.one_of(
    st.just(NOTHING), st.builds(Measure, st.sampled_from([1.0, 1.95, 2.5, 2.9, 3.5]), st.sampled_from([3, 100]))
)
courses = st.lists(st.tuples(st.integers(0, 90), figures), max_size=60)


@given(courses)
def test_an_alert_opens_and_closes_in_order(course: list[tuple[int, Measure]]) -> None:
    second, timed = 0, []
    for pause, measure in course:
        second += pause
        timed.append((float(second), measure))
    _, lines = run(make(), timed)
    state = "closed"
    for _, line in lines:
        if line.kind == "pending":
            assert state == "closed"
        elif line.kind in ("firing", "cancelled"):
            assert state == "pending"
        elif not (line.kind == "raised" and state == "pending"):
            assert state in ("firing", "recovering")
            assert line.state != "pending"
        state = {"resolved": "closed", "cancelled": "closed"}.get(line.kind, line.state)


@given(courses, st.lists(st.integers(0, 9000), min_size=1, max_size=5))
def test_absence_changes_nothing_unless_the_rule_says_so(course: list[tuple[int, Measure]], silence: list[int]) -> None:
    rule, standing, second = make(), quiet(2), 0
    for pause, measure in course:
        second += pause
        standing = advance(standing, rule, measure, START + timedelta(seconds=second))
    before = standing
    for pause in silence:
        second += pause
        standing = advance(standing, rule, NOTHING, START + timedelta(seconds=second))
    assert standing == before


@given(courses)
def test_no_line_means_no_difference_to_the_reader(course: list[tuple[int, Measure]]) -> None:
    rule, standing, second = make(), quiet(2), 0
    for pause, measure in course:
        second += pause
        after = advance(standing, rule, measure, START + timedelta(seconds=second))
        lines = changes(standing, after)
        seen = (after.phase, after.level if after.phase != "inactive" else 0)
        was = (standing.phase, standing.level if standing.phase != "inactive" else 0)
        assert bool(lines) == (seen != was)
        standing = after
