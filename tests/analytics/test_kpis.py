"""Figures against plain Python over the same events: any range, any filter, rollup and raw edges together."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from math import floor
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics import peoplekpis, usagekpis
from lopan.analytics.days import Days
from lopan.analytics.kpis import Kpis, _narrow
from lopan.analytics.metric import Against, Filters, Measure, Metric, Span
from lopan.analytics.people import People
from lopan.analytics.usage import Usage, daily
from lopan.catalog import Catalog, load
from lopan.catalog.product import load as load_product
from lopan.errors import Rejected
from lopan.event import AppLaunch, Crash, Event, FrameStats, Hang, Memory, Network, Session
from lopan.event.types import Base
from lopan.store import Readers

END = datetime(2026, 11, 22, 12, tzinfo=UTC)
T = TypeVar("T", bound=Base)
KINDS: list[Any] = ["cold", "warm", "prewarmed"]
STATES: list[Any] = ["ok", "exited", "crashed", "abnormal"]
RELEASES, DEVICES = ("1.9.0", "1.10.0", "2.0.0"), ("iPhone15,2", "iPhone12,1")


def history() -> list[Event]:
    """Three days with everything that the performance KPIs read."""
    draw = random.Random(7)
    events: list[Event] = []
    for number in range(3_000):
        base: dict[str, Any] = {
            "time": END - timedelta(milliseconds=draw.randrange(3 * 86_400_000)),
            "release": draw.choice(RELEASES),
            "device": draw.choice(DEVICES),
            "role": ("tuner", "smith")[number % 2],
            "user": f"u{draw.randrange(60)}" if draw.random() < 0.9 else "",
            "install": f"i{draw.randrange(80)}",
            "session": str(UUID(int=number + 1)),
        }
        kind = number % 7
        if kind == 0:
            form = draw.choice(KINDS)
            events.append(AppLaunch(**base, kind=form, duration_ms=draw.lognormvariate(7, 0.5)))
        elif kind == 1:
            seconds = draw.uniform(0.5, 9)
            rate = draw.choice((60.0, 120.0))
            frames = floor(seconds * rate * draw.uniform(0.6, 1.05))
            own: dict[str, Any] = {"slow": frames // 20, "frozen": frames // 300, "hitch_ms": draw.uniform(0, 30)}
            scroll = draw.random() < 0.8
            events.append(
                FrameStats(**base, duration_s=seconds, frames=frames, refresh_rate=rate, scrolling=scroll, **own)
            )
        elif kind == 2:
            events.append(Memory(**base, footprint_mb=draw.uniform(60, 300), peak_mb=310))
        elif kind == 3:
            events.append(Hang(**base, duration_ms=draw.uniform(100, 900)))
        elif kind == 4:
            own = {"status": draw.choice((200, 404, 500, 0)), "duration_ms": draw.uniform(5, 900)}
            events.append(Network(**base, host="api", route="/orders", **own))
        elif kind == 5:
            signal = draw.choice(("SIGSEGV", "OOM"))
            events.append(Crash(**(base | {"session": ""}), signal=signal))
        else:
            status = draw.choices(STATES, (2, 80, 10, 2))[0]
            seconds = draw.uniform(10, 4_000)
            events.append(Session(**base, status=status, started=base["time"], duration_s=seconds))
    return events


class Asked:
    """The real figures over a real store, and the events that went in."""

    def __init__(self, target: Pipeline, events: list[Event]) -> None:
        self.events = events
        self._target = target
        self.catalog = Catalog(kpi for kpi in load().kpis.values() if not kpi.of_facts)

    def metric(
        self,
        name: str,
        span: Span,
        filters: Filters = Filters(),
        by: str = "",
        zone: str = "UTC",
        against: Against | None = None,
    ) -> Metric:
        async def ask() -> Metric:
            readers = Readers(self._target.store, 2)
            clock = ManualClock()
            product = load_product()
            days = Days(self._target.store, zone, clock, daily(product))
            people = People(days, readers)
            usage = Usage(people, readers, product)
            answers = {**peoplekpis.queries(people), **usagekpis.queries(usage)}
            kpis = Kpis(readers, self.catalog, clock, zone, answers, days=days)
            found = await kpis.metric(name, span, filters, by, against=against)
            days.close()
            readers.close()
            return found

        return asyncio.run(ask())

    def measure(self, name: str, span: Span) -> Measure:
        async def ask() -> Measure:
            readers = Readers(self._target.store, 1)
            found = await Kpis(readers, self.catalog, ManualClock()).measure(name, span)
            readers.close()
            return found

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    events = history()
    with pipeline(tmp_path_factory.mktemp("figures")) as target:
        for start in range(0, len(events), 500):
            target.put(events[start : start + 500])
        yield Asked(target, events)


def mean(values: list[float]) -> tuple[float | None, int]:
    return (sum(values) / len(values) if values else None), len(values)


def ratio(above: float, below: float, n: int, scale: float = 1) -> tuple[float | None, int]:
    return (scale * above / below if below else None), n


Truth = Callable[[list[Event]], tuple[float | None, int]]


def of(kind: type[T], events: list[Event]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def frame_rate(events: list[Event]) -> tuple[float | None, int]:
    scrolls = [event for event in of(FrameStats, events) if event.scrolling]
    drawn = sum(min(event.frames * 60 / event.refresh_rate, 60 * event.duration_s) for event in scrolls)
    return ratio(drawn, sum(event.duration_s for event in scrolls), len(scrolls))


def hitches(events: list[Event]) -> tuple[float | None, int]:
    scrolls = [event for event in of(FrameStats, events) if event.scrolling]
    return ratio(sum(event.hitch_ms for event in scrolls), sum(event.duration_s for event in scrolls), len(scrolls))


def crashed(events: list[Event]) -> tuple[float | None, int]:
    sessions = of(Session, events)
    return ratio(sum(event.status == "crashed" for event in sessions), len(sessions), len(sessions), 100)


def hang_time(events: list[Event]) -> tuple[float | None, int]:
    sessions = of(Session, events)
    hung = sum(event.duration_ms / 1000 for event in of(Hang, events) if event.duration_ms > 250)
    return ratio(hung, sum(event.duration_s for event in sessions), len(sessions), 3600)


def killed(events: list[Event]) -> tuple[float | None, int]:
    sessions = of(Session, events)
    return ratio(sum(event.signal == "OOM" for event in of(Crash, events)), len(sessions), len(sessions), 100)


def failed(events: list[Event]) -> tuple[float | None, int]:
    requests = of(Network, events)
    bad = sum(event.status == 0 or event.status >= 500 for event in requests)
    return ratio(bad, len(requests), len(requests), 100)


def slow(events: list[Event]) -> tuple[float | None, int]:
    frames = sum(event.frames for event in of(FrameStats, events))
    return ratio(sum(event.slow for event in of(FrameStats, events)), frames, frames, 100)


TRUTHS: dict[str, Truth] = {
    "app_launch_time": lambda events: mean([e.duration_ms / 1000 for e in of(AppLaunch, events) if e.kind == "cold"]),
    "scroll_frame_rate": frame_rate,
    "scroll_hitch_ratio": hitches,
    "slow_frames": slow,
    "memory_usage": lambda events: mean([event.footprint_mb for event in of(Memory, events)]),
    "crash_rate": crashed,
    "hang_rate": hang_time,
    "oom_rate": killed,
    "network_latency": lambda events: mean([event.duration_ms / 1000 for event in of(Network, events)]),
    "network_error_rate": failed,
}


def inside(events: list[Event], span: Span, filters: Filters) -> list[Event]:
    return [
        event
        for event in events
        if span.start <= event.time < span.end
        and filters.release in ("", event.release)
        and filters.device in ("", event.device)
    ]


spans = st.tuples(st.integers(0, 3 * 86_400), st.integers(60, 2 * 86_400)).map(
    lambda pair: Span(END - timedelta(seconds=pair[0] + pair[1]), END - timedelta(seconds=pair[0]))
)


@pytest.mark.parametrize("name", TRUTHS)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(span=spans, release=st.sampled_from(("", *RELEASES)), device=st.sampled_from(("", *DEVICES)))
def test_value_n_and_series_are_exact_for_any_range(
    asked: Asked, name: str, span: Span, release: str, device: str
) -> None:
    filters = Filters(release=release, device=device)
    found = asked.metric(name, span, filters)
    value, n = TRUTHS[name](inside(asked.events, span, filters))
    assert found.n == n
    assert found.value == (None if value is None else pytest.approx(value, rel=1e-9))
    before = Span(span.start - (span.end - span.start), span.start)
    earlier, _ = TRUTHS[name](inside(asked.events, before, filters))
    assert found.previous == (None if earlier is None else pytest.approx(earlier, rel=1e-9))
    assert sum(point.n for point in found.series) == n
    assert all(found.series[i].t < found.series[i + 1].t for i in range(len(found.series) - 1))


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("by", ["release", "device", "os"])
def test_groups_are_exact_and_complete(asked: Asked, name: str, by: str) -> None:
    span = Span(END - timedelta(hours=50, minutes=7), END - timedelta(minutes=11))
    found = asked.metric(name, span, by=by)
    events = inside(asked.events, span, Filters())
    for group in found.groups:
        value, n = TRUTHS[name]([event for event in events if getattr(event, by) == group.key])
        assert (group.n, group.value) == (n, None if value is None else pytest.approx(value, rel=1e-9))
    assert sum(group.n for group in found.groups) == found.n


def test_percentiles_are_within_their_bound(asked: Asked) -> None:
    span = Span(END - timedelta(hours=61, minutes=13), END - timedelta(minutes=5))
    found = asked.metric("memory_usage", span)
    values = sorted(event.footprint_mb for event in of(Memory, inside(asked.events, span, Filters())))
    for percentile in found.percentiles:
        rank = percentile.q * (len(values) - 1)
        near = [values[floor(rank)], values[min(floor(rank) + 1, len(values) - 1)]]
        assert percentile.value is not None
        assert min(near) * 0.996 <= percentile.value <= max(near) * 1.004


def test_crash_free_users_counts_people_over_28_days(asked: Asked) -> None:
    found = asked.metric("crash_free_users", Span(END - timedelta(hours=1), END))
    sessions = of(Session, asked.events)
    people = {event.user or f"install {event.install}" for event in sessions}
    hit = {event.user or f"install {event.install}" for event in sessions if event.status == "crashed"}
    assert (found.n, found.value) == (len(people), pytest.approx(100 * len(people - hit) / len(people)))
    assert found.start == END - timedelta(days=28)


def test_a_measure_is_the_metric_without_history(asked: Asked) -> None:
    span = Span(END - timedelta(minutes=70), END - timedelta(minutes=3))
    for name in TRUTHS:
        metric, measure = asked.metric(name, span), asked.measure(name, span)
        assert (measure.value, measure.n) == (pytest.approx(metric.value), metric.n)
        assert (measure.low, measure.high) == (pytest.approx(metric.low), pytest.approx(metric.high))


def test_an_empty_range_is_no_data_never_zero(asked: Asked) -> None:
    span = Span(END + timedelta(days=1), END + timedelta(days=2))
    for name in asked.catalog.kpis:
        found = asked.metric(name, span, by="release" if "release" in asked.catalog.kpis[name].dimensions else "")
        if not asked.catalog.kpis[name].trailing_days and asked.catalog.kpis[name].kind != "query":
            assert (found.value, found.n, found.status, found.trend) == (None, 0, "no data", "unknown")
            assert found.groups == []
            assert found.low is None


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/New_York"])
def test_days_begin_at_the_sites_midnight(asked: Asked, zone: str) -> None:
    span = Span(END - timedelta(days=70), END)
    found = asked.metric("memory_usage", span, zone=zone)
    assert found.step == 86_400
    local = Counter(event.time.astimezone(ZoneInfo(zone)).date() for event in of(Memory, asked.events))
    assert {point.t.astimezone(ZoneInfo(zone)).date(): point.n for point in found.series if point.n} == local
    midnights = [point.t.astimezone(ZoneInfo(zone)) for point in found.series]
    assert {moment.time() for moment in midnights} == {time()}
    assert len({moment.date() for moment in midnights}) == len(midnights) == 71


@pytest.mark.parametrize("name", ["app_launch_time", "crash_rate", "network_error_rate"])
@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(span=spans, other=st.none() | spans, releases=st.tuples(*2 * [st.sampled_from(("", *RELEASES))]))
def test_comparison_is_the_figure_of_the_other_side(
    asked: Asked, name: str, span: Span, other: Span | None, releases: tuple[str, str]
) -> None:
    filters, others = (Filters(release=release) for release in releases)
    found = asked.metric(name, span, filters, against=Against("that", others, other))
    there = other or Span(span.start - (span.end - span.start), span.start)
    alone = asked.metric(name, there, others)
    versus = found.versus
    assert versus is not None
    assert (versus.label, versus.start, versus.end) == ("that", there.start, there.end)
    assert versus.n == alone.n
    for mine, theirs in ((versus.value, alone.value), (versus.low, alone.low), (versus.high, alone.high)):
        assert mine == (None if theirs is None else pytest.approx(theirs, rel=1e-12, abs=1e-12)), (
            "sums in another order"
        )
    if found.value is not None and alone.value is not None:
        assert versus.difference == pytest.approx(found.value - alone.value, abs=1e-9)
    assert sum(point.n for point in versus.series) == versus.n
    if (there, others) == (span, filters):
        assert versus.verdict in ("no clear difference", "unknown")
        assert versus.shift == 0


def test_comparison_with_the_period_before_agrees_with_the_trend(asked: Asked) -> None:
    words = {"improving": "better", "worsening": "worse", "stable": "no clear difference", "unknown": "unknown"}
    span = Span(END - timedelta(hours=30), END)
    for name in asked.catalog.kpis:
        found = asked.metric(name, span, against=Against("before", Filters()))
        assert found.versus is not None
        assert found.versus.value == (None if found.previous is None else pytest.approx(found.previous))
        assert found.versus.verdict == words[found.trend]
        if found.versus.p is not None:
            assert (found.versus.p < 0.05) == (found.trend in ("improving", "worsening"))


def test_two_roles(asked: Asked) -> None:
    span = Span(END - timedelta(hours=30), END)
    found = asked.metric(
        "app_launch_time", span, Filters(role="tuner"), against=Against("smith", Filters(role="smith"), span)
    )
    launches = of(AppLaunch, inside(asked.events, span, Filters()))
    sides = {
        role: [e.duration_ms for e in launches if e.role == role and e.kind == "cold"] for role in ("tuner", "smith")
    }
    assert found.versus is not None
    assert (found.n, found.versus.n) == (len(sides["tuner"]), len(sides["smith"]))
    assert found.n > 0


def test_role_is_refused_where_a_figure_does_not_know_it(asked: Asked) -> None:
    kpi = msgspec.structs.replace(asked.catalog.get("memory_usage"), id="no_role", dimensions=("release",))
    with pytest.raises(Rejected, match="not known by role"):
        _narrow(kpi, Filters(role="tuner"))
