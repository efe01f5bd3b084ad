"""One customer in detail, the causes of its drop, and whether scores foretold who left."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from itertools import product
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analytics.customers.town import NOW, Town, ago

from lopan.analytics.customers.auc import auc
from lopan.analytics.customers.backtest import Backtests
from lopan.analytics.customers.book import Books
from lopan.analytics.customers.causes import Causes, fisher
from lopan.analytics.customers.detail import Details
from lopan.catalog import health as catalog
from lopan.event import Action, Crash, Event, Feedback, Workflow

JUDGING = catalog.load()


def contract(account: str, began: float, ended: float | None = None, seats: int = 10) -> dict[str, Any]:
    end = None if ended is None else ago(ended)
    return {
        "account": account,
        "started": ago(began),
        "ended": end,
        "change": "new",
        "seats": seats,
        "mrr": Decimal(10),
    }


def use(customer: str, user: str, back: float) -> Event:
    return Action(feature="orders", action="complete", user=user, customer=customer, time=ago(back))


def test_detail_tells_what_happened(town: Town) -> None:
    events: list[Event] = [use("north", user, back) for user in "abcd" for back in (40, 50)]
    events += [use("north", user, 5) for user in "ab"]
    events += [
        Workflow(workflow="ship", instance=f"r{n}", step=step, user="a", customer="north", time=ago(5, -n / 60))
        for n, step in enumerate(("pick", "pack", "pick"))
    ]
    events += [Crash(exception="Null", user="a", customer="north", time=ago(4))]
    events += [Feedback(survey="csat", scale="csat", score=2, user="b", customer="north", time=ago(6))]
    order = {"order": "o", "customer": "north", "promised": ago(13), "ordered": 1.0}
    town.fill(
        events,
        contract=[contract("north", 60)],
        account=[
            {
                "account": "north",
                "valid_from": ago(60).date(),
                "name": "North Ltd",
                "owner": "Ada",
                "last_contact": ago(9).date(),
            }
        ],
        ticket_event=[
            {
                "ticket": "t1",
                "customer": "north",
                "event": "opened",
                "at": ago(3),
                "priority": "critical",
                "due": ago(2),
            }
        ],
        order_line=[{**order, "line": "1", "delivered": ago(14)}, {**order, "line": "2", "delivered": ago(10)}],
    )

    async def asked(on: Any) -> Any:
        books = Books(on.sources, on.readers, JUDGING)
        return await Details(books, on.readers).detail("north"), await Details(books, on.readers).detail("nobody")

    found, nobody = town.ask(asked)

    assert nobody is None
    entry = found.entry
    assert (entry.name, entry.account.owner, entry.health.profile) == ("North Ltd", "Ada", "onboarding")
    assert (entry.start.age, entry.start.reached, entry.waiting, entry.breaches) == (59, None, 1, 1)
    metrics = {one.id: (one.part, one.whole) for one in found.success}
    assert metrics == {
        "adoption_rate": (1, 2),
        "satisfaction": (2, 1),
        "retention": (2, 4),
        "tickets_per_user": (1, 2),
        "workflow_completion": (0, 2),
    }
    lines = {one.kind: one.text for one in found.timeline}
    assert lines["ticket"] == "critical ticket t1, open"
    assert lines["delivery"] == "2 deliveries promised for this week, 1 late"
    assert lines["crash"] == "1 crash, 1 person, mostly Null"
    assert lines["answer"] == "answer 2 of 5, csat"
    assert lines["contract"] == "new contract, 10 seats"
    assert [one.active for one in found.weeks if one.active] == [4, 4, 2]
    assert found.told[0].moved == "4 of 10 seats active, now 2 of 10 seats active"


def test_young_customer_got_value_in_the_week_two_people_completed_five_runs(town: Town) -> None:
    runs = [
        Workflow(workflow="ship", instance=f"r{n}", step="pack", user=user, customer="north", time=ago(14, -n))
        for n, user in enumerate("aabbb")
    ]
    first = Workflow(workflow="ship", instance="r", step="pick", user="z", customer="south", time=ago(61))
    held = [contract("north", 60), contract("south", 20), contract("west", 62), contract("east", 200)]
    town.fill([first, *runs, use("south", "z", 3)], contract=held)

    async def asked(on: Any) -> Any:
        books = Books(on.sources, on.readers, JUDGING)
        details = Details(books, on.readers)
        return await books.book(), {name: await details.detail(name) for name in ("north", "south", "west", "east")}

    book, details = town.ask(asked)
    starts = {one.id: one.start for one in book.entries}
    assert starts["north"].words == "value on day 46, in the week of 02 Nov"
    assert starts["south"].words == "no value yet, day 19"
    assert starts["west"].words == "value not known: began before usage was recorded"
    assert starts["east"] is None
    told = {name: one.value for name, one in details.items()}
    assert {name: one for name, one in told.items() if name != "east"} == {
        name: one for name, one in starts.items() if one
    }
    assert (told["east"].age, told["east"].state) == (199, "early")


def test_causes_are_tested_against_all_others(town: Town) -> None:
    events = [use("north", f"n{n}", 5) for n in range(12)] + [use("south", f"s{n}", 5) for n in range(60)]
    events += [Crash(user=f"n{n}", customer="north", time=ago(4)) for n in range(9)]
    events += [Crash(user=f"s{n}", customer="south", time=ago(4)) for n in range(3)]
    town.fill(events)

    async def asked(on: Any) -> Any:
        return await Causes(on.sources, on.readers).of("north", ago(1).date())

    crashes, hangs, launches, *_ = town.ask(asked)
    assert (crashes.value, crashes.others, crashes.n, crashes.n_others, crashes.worse) == (75, 5, 12, 60, True)
    assert crashes.p == pytest.approx(plain_fisher(9, 12, 3, 60))
    assert (hangs.value, hangs.worse, launches.value, launches.p) == (0, False, None, None)


def plain_fisher(a: int, n: int, b: int, m: int) -> float:
    def likelihood(k: int) -> float:
        return comb(n, k) * comb(m, a + b - k) / comb(n + m, a + b)

    ways = [likelihood(k) for k in range(max(0, a + b - m), min(n, a + b) + 1)]
    return sum(one for one in ways if one <= likelihood(a) * (1 + 1e-9))


@given(st.integers(1, 12), st.integers(1, 30), st.data())
def test_fisher_equals_the_sum_over_tables(n: int, m: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    assert fisher(a, n, b, m) == pytest.approx(plain_fisher(a, n, b, m))


observed = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 6).map(float)), min_size=2, max_size=12)


@given(observed, observed)
def test_auc_counts_pairs(left: list[tuple[str, float]], stayed: list[tuple[str, float]]) -> None:
    found = auc(left, stayed)
    if found is None:
        assert min(len({name for name, _ in side}) for side in (left, stayed)) < 2
        return
    pairs = [1.0 if x < y else 0.5 if x == y else 0.0 for (_, x), (_, y) in product(left, stayed)]
    assert found.value == pytest.approx(sum(pairs) / len(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_interval_of_auc_without_clusters_is_delongs() -> None:
    draw = random.Random(3)
    left = [(f"l{n}", draw.gauss(40, 20)) for n in range(15)]
    stayed = [(f"s{n}", draw.gauss(60, 20)) for n in range(40)]
    theta = sum(x < y for _, x in left for _, y in stayed) / (15 * 40)
    v10 = [sum(x < y for _, y in stayed) / 40 for _, x in left]
    v01 = [sum(x < y for _, x in left) / 15 for _, y in stayed]
    variance = sum((v - theta) ** 2 for v in v10) / 14 / 15 + sum((v - theta) ** 2 for v in v01) / 39 / 40

    found = auc(left, stayed)

    assert found is not None
    assert found.high - found.value == pytest.approx(min(1.96 * variance**0.5, 1 - theta), rel=1e-3)


def test_backtest_tells_who_left_from_who_stayed(town: Town) -> None:
    """Whose people stopped coming left; of the others nobody did. Facts of 14 and 20 customers, one round."""
    events: list[Event] = []
    contracts = []
    for number in range(34):
        name, goes = f"c{number}", number < 14
        contracts.append(contract(name, 150, 40 if goes else None, seats=2))
        for back in range(92, 130, 7):
            if not goes or back > 118 or number == 13:
                events += [use(name, f"{name}-{user}", back) for user in "ab"]
    town.fill(events, contract=contracts)

    async def asked(on: Any) -> Any:
        return await Backtests(Books(on.sources, on.readers, JUDGING)).run()

    found = town.ask(asked)
    assert (found.enough, found.customers_left, found.customers_stayed) == (True, 14, 20)
    assert found.days == [NOW.date() - timedelta(days=91)]
    score, usage = found.tellings[:2]
    assert score.value == pytest.approx((13 * 20 + 20 / 2) / (14 * 20))
    assert (score.left, score.stayed, usage.value) == (14, 20, score.value)
    assert sum(band.n for band in found.bands) == 34
    assert found.bands[0].left == 13


def test_too_few_who_left_are_insufficient(town: Town) -> None:
    town.fill([use("c0", "a", 95)], contract=[contract("c0", 150, 40), contract("c1", 150)])

    async def asked(on: Any) -> Any:
        return await Backtests(Books(on.sources, on.readers, JUDGING)).run()

    found = town.ask(asked)
    assert (found.enough, [one.value for one in found.tellings]) == (False, [None] * 5)
