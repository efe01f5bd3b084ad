"""What is kept of features, workflows and satisfaction is never stale: it equals what is worked out anew."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.analytics.usage import MOMENTS, ROLES, ZONES, Asked, Usage, local, who

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.usage import Usage as Everything
from lopan.catalog.product import Feature, Product, Survey, Workflow
from lopan.event import Action, AppLaunch, Event, Feedback
from lopan.event import Workflow as Step

PRODUCT = Product(
    features=[Feature(id="orders", core=True), Feature(id="maps", roles=(ROLES[1],), customers=("north",))],
    workflows=[
        Workflow(id="order", steps=("pick", "send"), window="1h"),
        Workflow(id="count", steps=("scan", "print"), window="30h", key="user"),
    ],
    surveys=[Survey(id="after_order", scale="csat")],
)
AUDIENCES = (
    *[Audience(project="1")] * 2,
    Audience(project="1", role=ROLES[0]),
    Audience(project="1", customer="north"),
)
STEPS = st.one_of(
    st.tuples(st.just("send"), st.sampled_from((0, 0, 0, 1, 3, 20, 91))),
    st.tuples(st.just("pass"), st.sampled_from((1, 3, 61, 1_441))),
    st.tuples(st.just("compute"), st.sampled_from((1, 9, 400))),
    st.tuples(st.just("merge"), st.integers(0, 3)),
)


def happenings(draw: random.Random, at: datetime) -> list[Event]:
    """What a few people did in the two hours up to then."""
    events: list[Event] = []
    for _ in range(6):
        moment = at - timedelta(minutes=draw.randrange(120))
        base: dict[str, Any] = who(draw, 5) | {"time": moment}
        own: dict[str, Any] = {"workflow": draw.choice(("order", "count")), "instance": str(draw.randrange(9))}
        events += [
            AppLaunch(**base, duration_ms=1, event_id=str(uuid.uuid4())),
            Action(**base, feature=draw.choice(("orders", "maps", "extra")), action=draw.choice(("complete", "open"))),
            Step(**base, **own, step=draw.choice(("pick", "scan"))),
            Step(**base | {"time": moment + timedelta(minutes=9)}, **own, step=draw.choice(("send", "print"))),
            Feedback(**base, survey="after_order", scale="csat", score=draw.randrange(1, 6)),
        ]
    return [event for event in events if event.time <= at]


async def asked_of(everything: Everything, audience: Audience) -> list[object]:
    today = everything.days.today()
    dates = Dates(today - DAY * 9, today)
    return [
        await everything.features.adoption(None, audience),
        await everything.workflows.funnels(dates, audience),
        await everything.satisfaction.opinions(dates, audience),
    ]


@settings(max_examples=2, suppress_health_check=list(HealthCheck))
@given(
    zone=st.sampled_from(ZONES),
    now=st.sampled_from(MOMENTS),
    seed=st.integers(0, 10**9),
    steps=st.lists(STEPS, min_size=3, max_size=4),
)
def test_nothing_kept_is_stale(usage: Usage, zone: str, now: datetime, seed: int, steps: list[tuple[str, int]]) -> None:
    """Late events, windows and days that end, days that are computed, people who turn out to be one, in any order."""
    draw = random.Random(seed)
    events = [event for back in (0, 1, 8, 95) for event in happenings(draw, now - DAY * back)]

    async def course(asked: Asked) -> None:
        everything = asked.usage(PRODUCT)
        for kind, number in [("compute", 400), *steps, ("send", 1), ("compute", 400)]:
            if kind == "send":
                more = happenings(draw, asked.clock.moment - DAY * number)
                usage.put(more, 1)
                asked.days.touched({(1, local(event.time, zone)) for event in more})
            elif kind == "pass":
                asked.clock.moment += timedelta(minutes=number)
            elif kind == "compute":
                await asked.days.settle(most=number)
            else:
                usage.merge([(f"u{number}", f"u{number + 1}")])
                asked.days.merged()
                await asked.days.merge()
            audience = draw.choice(AUDIENCES)
            assert await asked_of(everything, audience) == await asked_of(asked.usage(PRODUCT), audience)

    usage.ask(events, PRODUCT, course, zone, now, draw)
