"""Kept sums of sessions and of measures say what all rows say: late, repeated, killed, restarted, days later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics import daystore
from lopan.analytics.days import Days
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Filters, Metric, Span
from lopan.catalog import Catalog, load
from lopan.event import AppLaunch, Crash, Event, Session
from lopan.store import Readers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RELEASES = ("1.0", "2.0")
PROJECTS = count(1)
NAMES = ("crash_free_sessions", "crash_rate", "oom_rate", "app_launch_time")


class Report(NamedTuple):
    """Of session ``number``, ``delay`` hours after it began; those of one session agree on where that is."""

    number: int
    delay: float
    status: Any
    release: str
    heard: bool


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline(tmp_path_factory.mktemp("stability")) as opened:
        yield opened


class Course:
    """One project of its own: what happens to it, and what is said of it, by kept sums and without."""

    def __init__(self, target: Pipeline, zone: str) -> None:
        self.project, self._target, self._zone = next(PROJECTS), target, zone
        self.clock = ManualClock()
        self._readers = Readers(target.store, 2, keep_s=0.0)
        self._catalog = Catalog(kpi for kpi in load().kpis.values() if not kpi.of_facts)
        self.start()

    def start(self) -> None:
        """A new process: it knows what the store tells it."""
        self.days = Days(self._target.store, self._zone, self.clock)

    def put(self, events: list[Event], *, heard: bool) -> None:
        """Into the store; a process that did not hear of it was killed just then, and there is a new one."""
        self._target.put(events, self.project)
        commit = self._target.commits[-1]
        if heard:
            self.days.touched(commit.days, commit.begun)
        else:
            self.days.close()
            self.start()

    async def told(self, name: str, span: Span, by: str, *, kept: bool, **filters: str) -> Metric:
        kpis = Kpis(self._readers, self._catalog, self.clock, self._zone, days=self.days if kept else None)
        return await kpis.metric(name, span, Filters(project=str(self.project), **filters), by)

    def close(self) -> None:
        self.days.close()
        self._readers.close()


def report(project: int, one: Report) -> list[Event]:
    """One session report, or a crash within a day of the begin, and a launch beside it."""
    session = str(UUID(int=project << 32 | one.number + 1))
    began = NOON - HOUR * (7 + 23 * one.number) + timedelta(milliseconds=377)
    base: dict[str, Any] = {"time": min(began + HOUR * one.delay, NOON), "release": one.release, "session": session}
    role: dict[str, Any] = {"role": ("tuner", "smith")[one.number % 2], "device": f"d{one.number % 3}"}
    if one.status == "signal":
        return [Crash(**base | {"time": began + HOUR * min(one.delay, 6)}, **role, signal="OOM")]
    launch = AppLaunch(**base | {"session": ""}, **role, kind="cold", duration_ms=100 + one.delay)
    return [Session(**base, **role, status=one.status, started=began, duration_s=60, errors=one.number), launch]


REPORTS = st.builds(
    Report,
    st.integers(0, 6),
    st.sampled_from((0, 0.5, 5, 22, 26, 50, 130)),
    st.sampled_from(("ok", "exited", "crashed", "abnormal", "signal")),
    st.sampled_from(RELEASES),
    st.booleans(),
)
STEPS = st.lists(st.one_of(REPORTS, REPORTS, st.sampled_from(("settle", "a day passes"))), min_size=2, max_size=9)
SPANS = st.tuples(st.integers(0, 3 * 86_400), st.sampled_from((1_800, 7_301, 86_400, 4 * 86_400, 40 * 86_400)))
LATE = Report(6, 130, "crashed", "1.0", heard=False)
EARLY = Report(6, 5, "ok", "1.0", heard=True)


@settings(deadline=None, max_examples=14, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(("UTC", "America/New_York", "Asia/Kathmandu")),
    steps=STEPS,
    ended=SPANS,
    name=st.sampled_from(NAMES),
    by=st.sampled_from(("", "release", "device", "role")),
    filters=st.sampled_from(({}, {"release": "1.0"}, {"role": "smith"})),
)
@example("UTC", [Report(6, 0, "ok", "1.0", heard=True), "settle", LATE], (0, 40 * 86_400), NAMES[0], "release", {})
@example("UTC", [LATE._replace(heard=True), "settle", LATE._replace(status="ok")], (0, 345_600), NAMES[1], "", {})
@example("UTC", [EARLY, "settle", EARLY._replace(release="2.0")], (0, 3_456_000), NAMES[3], "release", {})
def test_kept_sums_say_what_all_rows_say(
    target: Pipeline,
    zone: str,
    steps: list[Report | str],
    ended: tuple[int, int],
    name: str,
    by: str,
    filters: dict[str, str],
) -> None:
    async def scenario() -> None:
        course = Course(target, zone)
        try:
            for step in steps:
                if isinstance(step, Report):
                    course.put(report(course.project, step), heard=step.heard)
                elif step == "settle":
                    await course.days.settle(course.project)
                else:
                    course.clock.move(86_400)
            end = NOON + timedelta(days=1) - timedelta(seconds=ended[0])
            span = Span(end - timedelta(seconds=ended[1]), end)
            dimension = by if name != "app_launch_time" or by != "role" else ""
            kept, plain = [await course.told(name, span, dimension, kept=kept, **filters) for kept in (True, False)]
            if kept.late:
                await course.days.settle(course.project)
                kept = await course.told(name, span, dimension, kept=True, **filters)
            assert kept.late == []
            for one, other in zip(comparable(kept), comparable(plain), strict=True):
                assert one == other
        finally:
            course.close()

    asyncio.run(scenario())


def comparable(metric: Metric) -> list[Any]:
    """Counts as they are, values to the last digits: sums are added in another order."""
    figures: list[Any] = [metric.n, metric.value, metric.previous, *(one.value for one in metric.percentiles)]
    figures += [number for point in metric.series for number in (point.t, point.n, point.value)]
    figures += [found for group in metric.groups for found in (group.key, group.n, group.value)]
    return [pytest.approx(figure, rel=1e-9) if isinstance(figure, float) else figure for figure in figures]


def test_what_is_over_is_read_from_days_and_never_grouped_again(
    target: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daystore, "SLICE", 2)  # a day in several slices

    async def scenario() -> None:
        course = Course(target, "UTC")
        course.put(
            [event for number in range(7) for event in report(course.project, LATE._replace(number=number, delay=5))],
            heard=True,
        )
        await course.days.settle()
        asked: list[str] = []
        query = course._readers._store.query

        def heard(sql: str, params: Any = None) -> Any:
            asked.append(sql)
            return query(sql, params)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(course._readers._store, "query", heard)
            span = Span(NOON - timedelta(days=30), NOON)
            crashes = await course.told("crash_free_sessions", span, "release", kept=True)
            launches = await course.told("app_launch_time", span, "release", kept=True)
        assert (crashes.n, launches.n) == (7, 7)
        assert not any("FROM sessions" in sql for sql in asked)
        assert sum("FROM measure_days" in sql for sql in asked) == 2
        course.close()

    asyncio.run(scenario())
