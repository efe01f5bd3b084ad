"""What a fault touched equals what plain Python counts from the same events and contracts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analytics.customers.town import NOW, Town, ago
from tests.analytics.usage import EXAMPLES
from tests.support import pipeline

from lopan.analytics.impact import Cluster, Fault, Impact, Impacts
from lopan.analytics.metric import Span
from lopan.event import AppLaunch, Crash, Error, Event, Workflow

SPAN = Span(ago(7), NOW)
CONTRACTS = [
    {"account": "north", "started": ago(100), "change": "new", "mrr": Decimal("100.5"), "currency": "EUR"},
    {"account": "south", "started": ago(100), "change": "new", "mrr": Decimal(50), "currency": "EUR"},
    {"account": "west", "started": ago(100), "change": "new", "mrr": Decimal(7), "currency": "XXX"},
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with pipeline(tmp_path_factory.mktemp("impact")) as target:
        yield Town(target)


def sessions(draw: random.Random) -> list[Event]:
    """Sessions with workflows, some of which crash or meet an error."""
    made: list[Event] = []
    for number in range(draw.randint(1, 14)):
        at = ago(draw.uniform(0, 9)).replace(microsecond=0)
        shared: dict[str, Any] = {
            "session": str(UUID(int=number + 1)) if draw.random() < 0.8 else "",
            "user": draw.choice(("a", "b", "c", "")),
            "install": draw.choice(("i", "j", "")),
            "customer": draw.choice(("north", "south", "west", "east", "")),
            "release": draw.choice(("1.0", "1.1")),
        }
        for _ in range(draw.randint(0, 6)):
            at += timedelta(minutes=draw.choice((0, 1, 5)))
            kind = draw.random()
            if kind < 0.5:
                step = draw.choice(("pick", "pack"))
                status = draw.choice(("completed", "failed"))
                run: dict[str, Any] = {
                    "workflow": "ship",
                    "instance": draw.choice(("r1", "r2", "")),
                    "step": step,
                    "status": status,
                }
                made.append(Workflow(time=at, **run, **shared))
            elif kind < 0.85:
                frames = draw.choice((["draw", "main"], ["draw", "loop"], ["save"], []))
                made.append(Crash(time=at, exception=draw.choice(("Null", "Oom")), frames=frames, **shared))
            else:
                made.append(Error(time=at, exception="Null", frames=["draw"], **shared))
    return made


def person(event: Event) -> str:
    return f"u{event.user}" if event.user else f"i{event.install}" if event.install else ""


def run_of(event: Workflow) -> tuple[str, ...]:
    return event.workflow, event.instance or str(event.time.date()), event.user, event.install


def interrupted(events: list[Event], hits: Sequence[Event]) -> int:
    found = set()
    for hit in hits:
        runs: dict[tuple[str, ...], list[Workflow]] = defaultdict(list)
        for event in events:
            if isinstance(event, Workflow) and event.session and event.session == hit.session and event.time < SPAN.end:
                runs[run_of(event)].append(event)
        for run, steps in runs.items():
            done = [one.time for one in steps if one.step == "pack" and one.status == "completed"]
            if min(one.time for one in steps) <= hit.time and (not done or min(done) > hit.time):
                found.add(run)
    return len(found)


def check(impact: Impact, events: list[Event], hits: Sequence[Event]) -> None:
    customers = {event.customer for event in hits if event.customer}
    money = {"north": 100.5, "south": 50.0}
    assert impact.hits == len(hits)
    assert impact.people == len({person(event) for event in hits if person(event)})
    assert impact.sessions == len({event.session for event in hits if event.session})
    assert set(impact.customers) == customers
    assert impact.runs == interrupted(events, hits)
    priced = customers & set(money)
    assert impact.mrr == (sum(money[name] for name in priced) if priced or not customers else None)
    assert impact.unpriced == len(customers - priced)
    assert (impact.mrr_all, impact.customers_all) == (150.5, 3)


@EXAMPLES
@given(st.integers(0, 10**9))
def test_impact_equals_plain_python(town: Town, seed: int) -> None:
    draw = random.Random(seed)
    events = sessions(draw)
    town.fill(events, contract=CONTRACTS)
    release = draw.choice(("", "1.0"))

    async def asked(on: Any) -> tuple[Impact, list[Cluster], list[Impact]]:
        impacts = Impacts(on.sources, on.readers)
        fault = Fault(release=release)
        groups = await impacts.groups(fault, SPAN)
        each = [await impacts.of(fault._replace(cluster=one.id), SPAN) for one in groups]
        return await impacts.of(fault, SPAN), groups, each

    whole, groups, each = town.ask(asked)

    hits = [one for one in events if isinstance(one, Crash) and one.time >= SPAN.start and release in ("", one.release)]
    check(whole, events, hits)
    apart: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for one in hits:
        apart[one.exception, one.frames[0] if one.frames else ""].append(one)
    assert {(one.exception, one.top) for one in groups} == set(apart)
    for group, alone in zip(groups, each, strict=True):
        of = apart[group.exception, group.top]
        check(group.impact, events, of)
        assert alone == group.impact
        assert (group.first, group.last) == (min(one.time for one in of), max(one.time for one in of))
        assert sum(count for _, count in group.days) == len(of)


def launch(customer: str, seconds: float, at: datetime = ago(1)) -> AppLaunch:
    return AppLaunch(time=at, kind="cold", duration_ms=1000 * seconds, customer=customer, user=customer)


def test_figure_past_its_threshold_touches_those_beyond_it(town: Town) -> None:
    town.fill([launch("north", 2.5), launch("south", 1.0), launch("west", 9, ago(20))], contract=CONTRACTS)

    async def asked(on: Any) -> Impact:
        return await Impacts(on.sources, on.readers).of(Fault(what="slow launch", beyond=2.0), SPAN)

    found = town.ask(asked)
    assert (found.customers, found.definition) == (["north"], "cold launches longer than 2 s")


def test_nothing_was_hit(town: Town) -> None:
    town.fill()

    async def asked(on: Any) -> Impact:
        return await Impacts(on.sources, on.readers).of(Fault(), SPAN)

    found = town.ask(asked)
    assert (found.hits, found.customers, found.mrr, found.mrr_all) == (0, [], 0.0, 0.0)
