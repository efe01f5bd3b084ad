"""The report equals what plain sets of people give, for every kind of period; each access group gets its part."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.analytics.usage import Asked, Usage, fleets, local, who

from lopan.analytics import days as days_module
from lopan.analytics import period
from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.people import People
from lopan.analytics.period import KINDS, Period
from lopan.analytics.report import GROUPS, Figure, Report, sections_for
from lopan.analytics.reporter import Reporter
from lopan.catalog import load
from lopan.catalog.product import Feature, Product, Role, Survey, Workflow
from lopan.event import Action, AppLaunch, Crash, Event, Feedback
from lopan.event.types import Workflow as Step

PRODUCT = Product(
    roles=[Role(id="salesperson", title="Sales")],
    features=[Feature(id="orders", core=True)],
    workflows=[Workflow(id="order", steps=("open", "send"), window="1h", target=80)],
    surveys=[Survey(id="after", scale="csat")],
)
EVERYTHING = frozenset(group for groups in GROUPS.values() for group in groups)
KPIS = load().kpis


@pytest.fixture(autouse=True, scope="module")
def _days_not_computed_yet_are_read_too() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days_module, "LATE_RAW", 1_000)
        yield


def fleet(now: datetime, draw: random.Random) -> list[Event]:
    """A hundred days of a few people."""
    events: list[Event] = []
    for number in range(260):
        at = now - timedelta(milliseconds=draw.randrange(110 * 86_400_000))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        base: dict[str, Any] = who(draw, 12) | {"time": at, "event_id": str(uuid.uuid4())}
        kind = draw.random()
        if kind < 0.5:
            events.append(Action(**base, feature="orders", action=draw.choice(("complete", "open"))))
        elif kind < 0.7:
            run: dict[str, Any] = {"workflow": "order", "instance": f"run {number}"}
            events.append(Step(**base, **run, step="open"))
            if draw.random() < 0.7:
                later = {"time": at + timedelta(minutes=draw.choice((1, 90))), "event_id": str(uuid.uuid4())}
                events.append(Step(**base | later, **run, step="send"))
        elif kind < 0.8:
            events.append(Feedback(**base, survey="after", scale="csat", score=draw.randrange(1, 6)))
        else:
            events.append(AppLaunch(**base, duration_ms=1) if kind < 0.9 else Crash(**base))
    return [event for event in events if event.time <= now]


def made(
    usage: Usage,
    events: list[Event],
    zone: str,
    now: datetime,
    about: Period,
    groups: Collection[str] = EVERYTHING,
) -> Report:
    """The report of a store that holds these events, a part of them late and twice."""

    async def answer(asked: Asked) -> Report:
        people = People(asked.days, asked.readers)
        reporter = Reporter(people, asked.usage(PRODUCT), asked.readers, KPIS, asked.clock)
        return await reporter.report(about, groups, "some level", Audience(project="1"))

    return usage.ask(events, PRODUCT, answer, zone, now)


def figure(report: Report, name: str, key: str = "") -> Figure:
    return next(one for section in report.sections for one in section.figures if (one.id, one.key) == (name, key))


class Truth:
    """The same from sets."""

    def __init__(self, events: list[Event], zone: str) -> None:
        self.zone = zone
        self.active: dict[date, set[tuple[str, str]]] = {}
        for event in events:
            if event.user and not isinstance(event, Crash):
                self.active.setdefault(local(event.time, zone), set()).add((event.user, event.role))

    def users(self, dates: Dates, role: str | None = None) -> set[str]:
        found = {pair for day, pairs in self.active.items() if dates.first <= day <= dates.last for pair in pairs}
        return {user for user, played in found if role in (None, played)}

    def fresh(self, dates: Dates) -> set[str]:
        return self.users(dates) - self.users(Dates(date(2000, 1, 1), dates.first - DAY))


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=fleets, kind=st.sampled_from(list(KINDS)), back=st.integers(0, 40))
def test_people_and_roles_are_exact(usage: Usage, drawn: tuple[str, datetime, int], kind: Any, back: int) -> None:
    zone, now, seed = drawn
    events = fleet(now, random.Random(seed))
    about = period.of(kind, local(now, zone) - DAY * back)
    report = made(usage, events, zone, now, about, ("userEngagement", "userGrowth"))
    truth, today = Truth(events, zone), local(now, zone)
    assert report.dates == Dates(about.dates.first, min(about.dates.last, today - DAY))
    assert report.whole == (about.dates.last < today)
    if not len(report.dates):
        assert report.sections == []
        return
    for dates, value in ((report.dates, "value"), (report.before, "previous")):
        ever = truth.users(Dates(date(2000, 1, 1), dates.last))
        active = truth.users(dates)
        assert getattr(figure(report, "total_users"), value) == len(ever)
        assert getattr(figure(report, "active_users"), value) == len(active)
        assert getattr(figure(report, "new_users"), value) == len(truth.fresh(dates))
        visits = [len(truth.users(Dates(day, day))) for day in dates]
        assert getattr(figure(report, "mean_dau"), value) == pytest.approx(sum(visits) / len(visits))
    roles = next(section for section in report.sections if section.id == "roles")
    assert {one.key: one.value for one in roles.figures if one.value} == {
        role: pytest.approx(100 * len(truth.users(report.dates, role)) / len(truth.users(report.dates)))
        for role in ("", "salesperson", "warehouseKeeper")
        if truth.users(report.dates, role)
    }
    assert [day.users for day in report.course] == [len(truth.users(Dates(day, day))) for day in report.dates]


@pytest.fixture(scope="module")
def month(usage: Usage) -> tuple[list[Event], Report]:
    now = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    events = fleet(now, random.Random(7))
    return events, made(usage, events, "UTC", now, period.of("month", date(2026, 10, 9)))


def test_what_people_did_and_said_is_exact(month: tuple[list[Event], Report]) -> None:
    events, report = month
    within = [event for event in events if event.time.month == 10]
    runs = {event.instance: event for event in within if isinstance(event, Step) and event.step == "open"}
    done = [
        event
        for event in events
        if isinstance(event, Step) and event.step == "send" and event.instance in runs
        and event.user == runs[event.instance].user
        and event.time - runs[event.instance].time <= timedelta(hours=1)
    ]  # fmt: skip
    completion = figure(report, "workflow_completion", "order")
    assert completion.value == pytest.approx(100 * len(done) / completion.n)
    assert completion.n == len([event for event in runs.values() if event.user or event.install])
    trailing = [event for event in events if date(2026, 10, 4) <= event.time.date() <= date(2026, 10, 31)]
    people = {event.user for event in trailing if event.user and not isinstance(event, Crash)}
    users = {
        event.user for event in trailing if isinstance(event, Action) and event.action == "complete" and event.user
    }
    adoption = figure(report, "feature_adoption", "orders")
    assert (adoption.value, adoption.n) == (pytest.approx(100 * len(users) / len(people)), len(people))
    assert figure(report, "core_adoption").value == adoption.value
    csat = figure(report, "csat", "after")
    assert csat.n > 0
    assert csat.low is not None
    assert figure(report, "retention_d7", "d7").n == sum(
        len(Truth(events, "UTC").fresh(Dates(day, day))) for day in Dates(date(2026, 9, 18), date(2026, 10, 18))
    )


def test_every_figure_says_what_it_means(month: tuple[list[Event], Report]) -> None:
    _, report = month
    assert [section.id for section in report.sections] == list(GROUPS)
    for section in report.sections:
        assert section.about.endswith(".")
        assert section.samples
        for one in section.figures:
            assert one.definition, one.id
            assert (one.value is None) == (one.n == 0 and one.unit != "count"), one.id
            assert one.low is None or one.value is None or (one.high is not None and one.low <= one.value <= one.high)


@pytest.mark.parametrize("groups", [*combinations(sorted(EVERYTHING), 1), (), ("performance", "nothingKnown")])
def test_a_group_gets_its_sections_and_no_other(
    usage: Usage, month: tuple[list[Event], Report], groups: tuple[str, ...]
) -> None:
    events, whole = month
    narrow = made(usage, events[:40], "UTC", whole.made_at, period.of("month", date(2026, 10, 9)), groups)
    seen = [section.id for section in narrow.sections]
    assert seen == sections_for(groups) == [name for name, wanted in GROUPS.items() if set(groups) & set(wanted)]
    if groups == ("userGrowth",):
        assert [one.id for one in narrow.sections[0].figures] == ["total_users", "new_users"]
    assert bool(narrow.course) == ("userEngagement" in groups)


def test_a_report_survives_its_way_to_the_printer(month: tuple[list[Event], Report]) -> None:
    _, report = month
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
