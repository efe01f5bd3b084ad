"""Time to value against plain Python: who got there and when, who is still on the way, who left, whom nobody saw."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analytics.customers.town import NOW, Town, ago
from tests.analytics.usage import EXAMPLES
from tests.support import pipeline

from lopan.analytics.business.timetovalue import Journey, TimesToValue, TimeToValue, chosen
from lopan.analytics.calendar import Dates
from lopan.catalog.business import Business, Retention, Value
from lopan.catalog.product import Product, Workflow
from lopan.errors import ConfigError
from lopan.event import Action, Event
from lopan.event import Workflow as Step

DAY = timedelta(days=1)
GRACE = 20
PRODUCT = Product(
    workflows=[
        Workflow(id="ship", steps=("pick", "pack")),
        Workflow(id="count", steps=("pick", "sum"), key="user"),
        Workflow(id="hand", steps=("give", "take"), key="shared", passed=("done",)),
    ]
)
WORKFLOWS = PRODUCT.workflows
NAMES = ("north", "south", "west", "east", "core")
ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with pipeline(tmp_path_factory.mktemp("value")) as target:
        yield Town(target)


class Held(NamedTuple):
    """The times under contract of one account, with the way each ended; None = it goes on."""

    periods: list[tuple[datetime, datetime | None, str]]

    def rows(self, name: str) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        shared = {"account": name, "mrr": Decimal(10), "seats": 1}
        for number, (began, ended, how) in enumerate(self.periods):
            one = {**shared, "contract": str(number), "started": began, "change": "new"}
            made.append({**one, "ended": ended if how == "ended" else None})
            if how == "churn":
                made.append({**one, "started": ended, "change": "churn", "mrr": Decimal(0)})
        return [{"key": f"{name} {index}", **row} for index, row in enumerate(made)]

    def left(self, moment: datetime) -> datetime | None:
        """The end of the time in which ``moment`` lies, or of the first one after it."""
        spans: list[tuple[datetime, datetime | None, str]] = []
        for began, ended, how in self.periods:
            before = spans[-1] if spans else None
            if before and before[1] and began <= before[1] + timedelta(days=GRACE):
                spans[-1] = (before[0], ended, how)
            else:
                spans.append((began, ended, how))
        for _, ended, how in spans:
            if ended is None or (how == "ended" and ended + timedelta(days=GRACE) > NOW):
                return None
            if ended > moment:
                return ended
        return None


def held(draw: random.Random) -> Held:
    periods: list[tuple[datetime, datetime | None, str]] = []
    at = ago(draw.uniform(5, 150)).replace(microsecond=0)
    while at < NOW and len(periods) < 3:
        ended = at + timedelta(days=draw.uniform(3, 60))
        how = draw.choice(("ended", "churn", "on", "on"))
        if how == "on" or ended >= NOW:
            return Held([*periods, (at, None, "on")])
        ended = ended.replace(microsecond=0)
        periods.append((at, ended, how))
        if draw.random() < 0.4:
            break
        at = (ended + timedelta(days=draw.choice((5, GRACE - 1, GRACE + 1, 40)))).replace(microsecond=0)
    return Held(periods)


def used(draw: random.Random) -> list[Event]:
    made: list[Event] = []
    for _ in range(draw.randint(0, 120)):
        workflow = draw.choice(list(WORKFLOWS.values()))
        made.append(
            Step(
                workflow=workflow.id,
                instance=draw.choice(("", "1", "2", "3", "4", "5", "6")),
                step=draw.choice((workflow.steps[0], workflow.steps[-1], workflow.steps[-1])),
                status=draw.choice(("", "done", "failed")),
                user=draw.choice(("a", "b", "c", "")),
                customer=draw.choice((*NAMES, "")),
                time=ago(draw.choice((draw.uniform(0, 160), 3, 4, 30, 31, 32, 33, 60, 61)), draw.uniform(0, 24)),
            )
        )
    made += [
        Action(feature="orders", action="open", user="a", customer=draw.choice(NAMES), time=ago(draw.uniform(0, 170)))
        for _ in range(draw.randint(0, 12))
    ]
    return made


class Plain:
    """The same, account by account and day by day."""

    def __init__(self, zone: str, how: Business, events: list[Event], contracts: dict[str, Held]) -> None:
        self.zone, self.how = ZoneInfo(zone), how
        self.contracts = contracts
        self.steps = [one for one in events if isinstance(one, Step)]
        self.logins: dict[str, date] = {}
        for one in events:
            if one.customer and one.user:
                day = self.day(one.time)
                self.logins[one.customer] = min(day, self.logins.get(one.customer, day))
        self.named = how.value.workflows or tuple(WORKFLOWS)
        self.recorded = min((self.day(one.time) for one in self.steps if one.workflow in self.named), default=None)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def reached(self, name: str, began: date, until: date) -> date | None:
        """The first day by which one week holds enough."""
        runs: dict[date, list[tuple[date, Any, str]]] = defaultdict(list)
        for one in self.steps:
            workflow, day = WORKFLOWS[one.workflow], self.day(one.time)
            inside = one.customer == name and one.user and one.workflow in self.named and began <= day <= until
            if inside and one.step == workflow.steps[-1] and one.status in workflow.passed:
                run: Any = (one.workflow, one.instance, one.user)
                if workflow.key == "user" or not one.instance:
                    run = (one.workflow, day, one.user)
                elif workflow.key == "shared":
                    run = (one.workflow, one.instance)
                runs[day - DAY * day.weekday()].append((day, run, one.user))
        for week in sorted(runs):
            for day in (week + DAY * offset for offset in range(7)):
                sofar = [one for one in runs[week] if one[0] <= day]
                people, done = {user for *_, user in sofar}, {run for _, run, _ in sofar}
                if len(done) >= self.how.value.runs and len(people) >= self.how.value.people:
                    return day
        return None

    def journey(self, name: str, day: date) -> Journey:
        contract = self.contracts.get(name)
        signed = contract.periods[0][0] if contract else None
        began = self.day(signed) if signed else None
        moment = signed
        if self.how.value.begins == "login":
            began = self.logins.get(name)
            moment = datetime.combine(began, datetime.min.time(), self.zone) if began else None
        if began is None or moment is None or began > day:
            return Journey(account=name, state="not begun", began=None)
        early = self.recorded is None or began < self.recorded
        if self.how.value.begins == "login":
            first = min(self.logins.values())
            early = early or (self.day(signed) < first if signed else began < first + DAY * 28)
        over = contract.left(moment) if contract else None
        left = self.day(over - timedelta(milliseconds=1)) if over else None
        if early:
            return Journey(account=name, state="early", began=began)
        until = min(day, left or day)
        reached = self.reached(name, began, until)
        if reached:
            return Journey(account=name, state="reached", began=began, reached=reached, days=(reached - began).days)
        state: Any = "left" if left is not None and left <= day else "waiting"
        return Journey(account=name, state=state, began=began, days=(until - began).days)


@EXAMPLES
@given(st.sampled_from(ZONES), st.integers(0, 10**9))
def test_journeys_equal_plain_python(town: Town, zone: str, seed: int) -> None:
    draw = random.Random(seed)
    value = Value(
        runs=draw.choice((1, 2, 3)),
        people=draw.choice((1, 2)),
        workflows=draw.choice(((), ("ship",), ("hand", "count"))),
        begins=draw.choice(("contract", "contract", "login")),
    )
    how = Business(value=value, retention=Retention(grace_days=GRACE))
    events = used(draw)
    contracts = {name: held(draw) for name in NAMES if draw.random() < 0.8}
    town.fill(events, contract=[row for name, one in contracts.items() for row in one.rows(name)])
    plain = Plain(zone, how, events, contracts)
    yesterday = plain.day(NOW) - DAY
    days = [yesterday, yesterday - DAY * draw.randint(1, 90)]

    async def asked(on: Any) -> Any:
        return await TimesToValue(on.days, on.readers, on.facts, PRODUCT, how).paths(yesterday)

    paths = town.ask(asked, zone)
    names = set(contracts) or set(plain.logins)
    assert paths.recorded == plain.recorded
    for day in days:
        assert paths.on(day) == {name: plain.journey(name, day) for name in names}


def runs(customer: str, back: float, users: str = "aabbb") -> list[Event]:
    return [
        Step(workflow="ship", instance=f"{back} {n}", step="pack", user=user, customer=customer, time=ago(back, -n / 9))
        for n, user in enumerate(users)
    ]


def told(town: Town, how: Business = Business(), **asked: Any) -> TimeToValue:
    async def ask(on: Any) -> TimeToValue:
        times = TimesToValue(on.days, on.readers, on.facts, PRODUCT, how)
        return await times.report(asked.pop("dates", Dates(ago(365).date(), NOW.date())), **asked)

    return town.ask(ask)


def signed(name: str, back: float, **more: Any) -> dict[str, Any]:
    return {"account": name, "started": ago(back), "change": "new", "mrr": Decimal(1), **more}


def test_report_is_the_estimate_over_those_that_are_followed(town: Town) -> None:
    """Four began since usage was recorded: one is there after 10 days, one after 60, one left, one is on its way."""
    town.fill(
        [*runs("old", 200), *runs("quick", 90), *runs("slow", 30), *runs("south", 5, "aaaaa")],
        contract=[
            signed("old", 300),
            signed("quick", 100),
            signed("slow", 90),
            signed("gone", 95, ended=ago(65)),
            signed("south", 40),
        ],
        account=[
            {"account": name, "valid_from": ago(300).date(), "segment": "large" if name == "quick" else "small"}
            for name in ("old", "quick", "slow", "gone", "south")
        ],
    )
    found = told(town, by="segment")

    whole = found.whole
    assert (whole.n, whole.reached, whole.waiting, whole.left, found.early) == (4, 2, 1, 1, 1)
    assert [(step.day, step.at_risk) for step in whole.steps] == [(10, 4), (60, 1)]
    assert (whole.median, whole.followed) == (60, 60)
    assert [(one.day, one.share and round(one.share, 2), one.at_risk) for one in whole.marks] == [
        (30, 0.25, 3), (60, 1.0, 1), (90, 1.0, 0)
    ]  # fmt: skip
    assert [(one.key, one.n, one.median) for one in found.groups] == [("small", 3, 60), ("large", 1, 10)]
    assert [journey.account for journey, _ in found.waiting] == ["south"]
    assert told(town, segment="large").whole.n == 1
    assert told(town, by="quarter").groups[0].key == "2026-Q3"


def test_beyond_what_anybody_was_followed_there_is_no_data(town: Town) -> None:
    town.fill(runs("old", 200), contract=[signed("a", 20), signed("b", 45)])
    whole = told(town).whole
    assert (whole.median, whole.followed) == (None, 44)
    assert [one.share for one in whole.marks] == [0.0, None, None]


def test_as_of_an_earlier_day_nobody_has_got_there_yet(town: Town) -> None:
    town.fill([*runs("old", 200), *runs("a", 10)], contract=[signed("a", 40)])
    assert told(town).whole.reached == 1
    assert told(town, day=ago(11).date()).whole.reached == 0


def test_without_any_usage_nobody_is_followed(town: Town) -> None:
    town.fill(contract=[signed("a", 40)])
    found = told(town)
    assert (found.recorded, found.early, found.whole.n, found.whole.marks[0].share) == (None, 1, 0, None)


def test_workflow_that_is_not_defined_is_refused() -> None:
    with pytest.raises(ConfigError, match="no workflow is called 'sale'; there are ship, count, hand"):
        chosen(PRODUCT, Business(value=Value(workflows=("sale",))))
