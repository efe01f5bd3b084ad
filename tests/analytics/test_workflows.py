"""Funnels equal a plain walk over the events: any zone, any order, repeats, equal times, both entry modes."""

from __future__ import annotations

import random
import statistics
import uuid
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest
from hypothesis import given
from tests.analytics.usage import EXAMPLES, MOMENTS, Asked, Usage, fleets, local, who

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.workflows import Funnel, Workflows, WorkflowUse
from lopan.catalog.product import Product, Role, Workflow
from lopan.errors import Rejected
from lopan.event import Event
from lopan.event import Workflow as Step

FILTERS: tuple[dict[str, str], ...] = ({}, {}, {"role": "salesperson"}, {"release": "1.1"}, {"customer": "north"})
PRODUCT = Product(
    roles=[Role(id="warehouseKeeper")],
    workflows=[
        Workflow(id="order", steps=("pick", "check", "send"), window="1h"),
        Workflow(id="batch", steps=("open", "close"), window="30h", key="shared", passed=("ok",)),
        Workflow(id="count", steps=("scan", "count", "confirm", "print"), window="2h", key="user"),
    ],
)


class Passed(NamedTuple):
    """An entry (0), or a step passed (from 1)."""

    at: datetime
    number: int
    event: Step


def fleet(now: datetime, draw: random.Random) -> list[Event]:
    """Ten days of runs that stop, jump, repeat, overlap and take their time, some steps at the same moment."""
    events: list[Event] = []
    for _ in range(70):
        workflow = draw.choice(list(PRODUCT.workflows.values()))
        at = now - timedelta(milliseconds=draw.randrange(10 * 86_400_000))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        base = who(draw, 5)
        instance = draw.choice(("", f"w{draw.randrange(8)}"))
        for step in draw.choices([*workflow.steps, "other"], [4] + [3] * (len(workflow.steps) - 1) + [1], k=7):
            status = "ok" if workflow.id == "batch" else draw.choice(("", "completed", "completed", "failed"))
            own: dict[str, Any] = {"workflow": workflow.id, "instance": instance, "step": step, "status": status}
            events.append(Step(**base, **own, time=at, event_id=str(uuid.uuid4())))
            at += draw.choice((timedelta(), timedelta(minutes=draw.randrange(50)), timedelta(minutes=30)))
    return [event for event in events if event.time <= now]


class Run(NamedTuple):
    """A run: the event it began with, and when its steps were passed by either entry mode."""

    start: Step
    first: list[datetime]
    any: list[datetime]


def runs(workflow: Workflow, events: list[Event], zone: str) -> list[Run]:
    """As the definition says it, event by event."""
    window = timedelta(seconds=workflow.window_s)
    chains: dict[Any, list[Passed]] = defaultdict(list)
    for event in events:
        assert isinstance(event, Step)
        if event.workflow != workflow.id or event.step not in workflow.steps:
            continue
        number = workflow.steps.index(event.step) + 1
        numbers = [0] * (number == 1) + [number] * (event.status in workflow.passed)
        run = "" if workflow.key == "user" else event.instance
        person = "" if run and workflow.key == "shared" else event.user or f"install {event.install}"
        chains[person, run] += [Passed(event.time, one, event) for one in numbers]
    found = []
    for (_, run), chain in chains.items():
        chain.sort(key=lambda passed: (passed.at, passed.number, passed.event.role, passed.event.release))
        entries = [passed for passed in chain if passed.number == 0]
        for index, entry in enumerate(entries):
            before = entries[index - 1].at if index else None
            if before is not None:
                continues = entry.at - before <= window if run else local(entry.at, zone) == local(before, zone)
                if continues:
                    continue
            attempts = [walk(other.at, chain, window) for other in entries if entry.at <= other.at <= entry.at + window]
            found.append(Run(entry.event, walk(entry.at, chain, window), max(attempts, key=len)))
    return found


def walk(start: datetime, chain: list[Passed], window: timedelta) -> list[datetime]:
    times = [start]
    for passed in chain:
        if start <= passed.at <= start + window and passed.number == len(times):
            times.append(passed.at)
    return times


def check(funnel: Funnel, workflow: Workflow, reached: list[list[datetime]]) -> None:
    counts = [sum(len(times) > number for times in reached) for number in range(len(workflow.steps) + 1)]
    assert [step.reached for step in funnel.steps] == counts[1:]
    assert (funnel.started, funnel.completed) == (counts[0], counts[-1])
    assert funnel.completion == (pytest.approx(100 * counts[-1] / counts[0]) if counts[0] else None)
    for number, step in enumerate(funnel.steps, start=1):
        gaps = [(times[number] - times[number - 1]).total_seconds() for times in reached if len(times) > number]
        assert step.dropped == counts[number - 1] - counts[number]
        if funnel.entry == "any":
            assert (step.median_s, step.p90_s) == (None, None)
            continue
        assert step.median_s == (pytest.approx(statistics.median(gaps)) if gaps else None)
        if len(gaps) > 1:
            assert step.p90_s == pytest.approx(statistics.quantiles(gaps, n=10, method="inclusive")[8])
    totals = [(times[-1] - times[0]).total_seconds() for times in reached if len(times) > len(workflow.steps)]
    median = pytest.approx(statistics.median(totals)) if totals and funnel.entry == "first" else None
    assert funnel.median_s == median


@EXAMPLES
@given(fleets)
def test_funnels_are_exact(usage: Usage, drawn: tuple[str, datetime, int]) -> None:
    zone, now, seed = drawn
    draw = random.Random(seed)
    events = fleet(now, draw)
    last = local(now, zone) - timedelta(days=draw.choice((0, 0, 2)))
    first = last - timedelta(days=draw.randrange(4))
    audience = Audience(project="1", **draw.choice(FILTERS))
    axis, name = audience.axis
    found = usage.ask(
        events,
        PRODUCT,
        lambda asked: Workflows(asked.days, asked.readers, PRODUCT).funnels(Dates(first, last), audience),
        zone,
        now,
        draw,
    )
    assert [one.id for one in found] == list(PRODUCT.workflows)
    for one, workflow in zip(found, PRODUCT.workflows.values(), strict=True):
        begun = [run for run in runs(workflow, events, zone) if not axis or getattr(run.start, axis) == name]
        judged = [run for run in begun if run.start.time <= now - timedelta(seconds=workflow.window_s)]
        days = {"now": (first, last), "before": (first - (last - first) - timedelta(days=1), first - timedelta(days=1))}
        inside = {
            half: [run for run in judged if start <= local(run.start.time, zone) <= end]
            for half, (start, end) in days.items()
        }
        check(one.first, workflow, [run.first for run in inside["now"]])
        check(one.any, workflow, [run.any for run in inside["now"]])
        assert one.started == sum(first <= local(run.start.time, zone) <= last for run in begun)
        complete = sum(len(run.first) > len(workflow.steps) for run in inside["before"])
        share = 100 * complete / len(inside["before"]) if inside["before"] else None
        assert one.previous == (None if share is None else pytest.approx(share))
        for split in one.roles:
            check(split.first, workflow, [run.first for run in inside["now"] if run.start.role == split.key])
        for split in one.releases:
            check(split.any, workflow, [run.any for run in inside["now"] if run.start.release == split.key])
        assert sum(point.n for point in one.series) == one.first.started


NOW = MOMENTS[3]
ORDER = Workflow(id="order", steps=("pick", "check", "send"), window="1h", target=90, warning=80)


def put(usage: Usage, *events: Event) -> Any:
    """One workflow over the last three days of what was sent."""
    dates = Dates(NOW.date() - timedelta(days=2), NOW.date())

    def ask(workflow: Workflow = ORDER) -> WorkflowUse:
        product = Product(workflows=[workflow])

        async def funnel(asked: Asked) -> WorkflowUse:
            flows = Workflows(asked.days, asked.readers, product)
            return await flows.funnel(workflow.id, dates, Audience(project="1"))

        return usage.ask(events, product, funnel)

    return ask


def step(minutes: float, name: str, **own: Any) -> Event:
    base: dict[str, Any] = {"user": "ann", "instance": "1", "workflow": "order"} | own
    return Step(time=NOW - timedelta(hours=9) + timedelta(minutes=minutes), step=name, **base)


FAILED = [
    step(0, "pick", status="started"),
    step(1, "pick", status="failed"),
    step(2, "pick", status="started"),
    step(4, "pick", status="completed"),
    step(5, "check", status="failed"),
]
TWICE = [step(0, "pick"), step(50, "pick"), step(70, "check"), step(110, "send")]
BETWEEN = [step(0, "pick"), step(5, "check"), step(30, "pick"), step(40, "check"), step(85, "send")]
BEYOND = [step(0, "pick"), step(5, "check"), step(50, "pick"), step(61, "pick"), step(62, "check"), step(115, "send")]


@pytest.mark.parametrize(
    ("events", "first", "other"),
    [
        pytest.param([step(0, "pick"), step(1, "check"), step(2, "send")], [1, 1, 1], [1, 1, 1], id="complete"),
        pytest.param([step(0, "pick"), step(0, "send"), step(0, "check")], [1, 1, 1], [1, 1, 1], id="at one moment"),
        pytest.param([step(0, "pick"), step(1, "send"), step(2, "check")], [1, 1, 0], [1, 1, 0], id="wrong order"),
        pytest.param([step(0, "pick"), step(60, "check"), step(61, "send")], [1, 1, 0], [1, 1, 0], id="window's edge"),
        pytest.param(TWICE, [1, 0, 0], [1, 1, 1], id="entered again: any entry"),
        pytest.param(BETWEEN, [1, 1, 0], [1, 1, 1], id="entered again: the later entry has more time"),
        pytest.param(BEYOND, [1, 1, 0], [1, 1, 0], id="entered again more than a window after the start"),
        pytest.param([step(0, "check"), step(1, "send")], [0, 0, 0], [0, 0, 0], id="never entered"),
        pytest.param([step(0, "pick"), step(61, "pick")], [2, 0, 0], [2, 0, 0], id="the same id, a window later"),
        pytest.param([step(0, "pick"), step(1, "check", user="bob")], [1, 0, 0], [1, 0, 0], id="another person's id"),
        pytest.param([step(0, "pick", user=""), step(1, "check", user="")], [1, 1, 0], [1, 1, 0], id="only an id"),
        pytest.param([step(0, "pick", user="", instance="")], [0, 0, 0], [0, 0, 0], id="nobody without an id"),
        pytest.param(FAILED, [1, 0, 0], [1, 0, 0], id="begun, failed, begun again, done, failed"),
    ],
)  # fmt: skip
def test_entries(usage: Usage, events: list[Event], first: list[int], other: list[int]) -> None:
    found = put(usage, *events)()
    assert [one.reached for one in found.first.steps] == first
    assert [one.reached for one in found.any.steps] == other


def test_times_run_from_the_step_before(usage: Usage) -> None:
    found = put(usage, *FAILED, step(9, "check"))()
    assert [one.median_s for one in found.first.steps] == [240, 300, None]
    assert [(one.dropped, one.drop_off) for one in found.first.steps] == [(0, 0), (0, 0), (1, 100)]


def test_a_run_goes_from_hand_to_hand_when_its_id_is_shared(usage: Usage) -> None:
    asked = put(usage, step(0, "pick"), step(1, "check", user="bob"), step(2, "send", user="cid"))
    shared = Workflow(id="order", steps=ORDER.steps, window="1h", key="shared")
    assert (asked().first.completed, asked(shared).first.completed) == (0, 1)


def test_a_run_younger_than_its_window_is_pending(usage: Usage) -> None:
    found = put(usage, step(0, "pick"), step(8.5 * 60, "pick", instance="2"))()
    assert (found.started, found.pending, found.first.started) == (2, 1, 1)
    assert found.first.completion == 0.0
    assert (found.status, found.series[-1].partial, found.series[0].partial) == ("warning", True, False)


def test_a_run_is_judged_when_its_window_is_over_without_new_events(usage: Usage) -> None:
    events = [step(8 * 60 + minutes, name, instance=f"{minutes}") for minutes in (2, 30) for name in ORDER.steps]
    product = Product(workflows=[ORDER])

    async def course(asked: Asked) -> list[tuple[int, int, int]]:
        flows = Workflows(asked.days, asked.readers, product)
        seen, compute = [], Mock(wraps=asked.days._store.open)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asked.days._store, "open", compute)
            for minutes in (0, 1, 2, 4, 6, 30, 31):
                asked.clock.moment = NOW + timedelta(minutes=minutes)
                found = await flows.funnel("order", Dates(NOW.date(), NOW.date()), Audience(project="1"))
                seen.append((found.pending, found.first.completed, found.any.completed))
                assert found.first.median_s == (0.0 if found.first.completed else None)
        assert compute.call_count == 3
        return seen

    assert usage.ask(events, product, course) == [(2, 0, 0), (2, 0, 0), *[(1, 1, 1)] * 3, *[(0, 2, 2)] * 2]


def test_one_id_for_everything_costs_as_much_as_its_events(usage: Usage) -> None:
    """Every entry has a window of its own: looked at one by one, they are the square of these."""
    shared = Workflow(id="order", steps=ORDER.steps, window="1h", key="shared")
    picks = [step(0.01 * number, "pick", user=f"u{number % 50}") for number in range(6_000)]
    found = put(usage, *picks, step(59, "check"), step(119.5, "send"))(shared)
    assert [one.reached for one in found.first.steps] == [1, 1, 0]
    assert [one.reached for one in found.any.steps] == [1, 1, 0]
    found = put(usage, *picks, step(61, "check"), step(119.5, "send"))(shared)
    assert [one.reached for one in found.any.steps] == [1, 1, 1]


def test_a_workflow_takes_no_code(usage: Usage) -> None:
    """Its role is in no definition either."""
    events = [
        step(0, "load", workflow="cell", role="robotOperator"),
        step(1, "weld", workflow="cell", role="robotOperator"),
    ]
    found = put(usage, *events)(Workflow(id="cell", title="Cell", steps=("load", "weld"), window="1h"))
    assert (found.title, found.first.completion, found.roles[0].title) == ("Cell", 100.0, "Robot operator")


def test_nothing_sent_is_no_data_and_an_unknown_name_is_refused(usage: Usage) -> None:
    found = put(usage)()
    assert (found.first.completion, found.status, found.roles, len(found.series)) == (None, "no data", [], 3)
    with pytest.raises(Rejected, match="no workflow is called 'x'; there are order"):
        Product(workflows=[ORDER]).workflow("x")
    dates = Dates(date(2026, 11, 1), date(2026, 11, 1))
    none = Product()
    assert usage.ask([], none, lambda asked: Workflows(asked.days, asked.readers, none).funnels(dates)) == []
