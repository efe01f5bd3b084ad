"""Facts that speak of the same thing agree: pieces, hours, orders, contracts."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from tests.business import NOW, Business

from lopan.connect.rows import read
from lopan.demo.factory.live import plain
from lopan.demo.factory.plant import PRODUCTS, SITES
from lopan.demo.factory.telling import TELLERS
from lopan.demo.fleet import customers
from lopan.demo.product import CORE
from lopan.fact import SPECS

HOUR_MS = 3_600_000


@pytest.mark.parametrize("fact", SPECS)
def test_every_fact_is_told_and_passes_its_type(business: Business, fact: str) -> None:
    rows = [plain(fact, row) for row in business.table(fact).to_pylist()]
    found = read(SPECS[fact], msgspec.json.encode(rows))
    assert len(found.rows) == len(rows) > 0
    assert found.refused == []
    assert len({row.key for row in found.rows}) == len(rows)


def test_every_fact_has_a_teller() -> None:
    assert TELLERS.keys() == SPECS.keys()


def test_the_default_is_a_demo_and_no_bench(business: Business) -> None:
    assert 60_000 < sum(business.table(fact).num_rows for fact in SPECS) < 150_000


def test_nothing_is_known_before_it_happened(business: Business) -> None:
    for fact in SPECS:
        assert business.column(fact, "modified").max() <= business.now


def test_pieces_of_states_inspections_and_orders_agree(business: Business) -> None:
    made: dict[str, float] = defaultdict(float)
    scrap: dict[str, float] = defaultdict(float)
    states = (business.column("work_unit_state", name) for name in ("order", "good", "scrap"))
    for order, good, bad in zip(*states, strict=True):
        made[order] += good
        scrap[order] += bad
    inspected = dict(zip(business.column("inspection", "key"), business.column("inspection", "inspected"), strict=True))
    columns = ("order", "good", "scrap", "reworked", "ordered", "status")
    for order, good, bad, reworked, ordered, status in zip(
        *(business.column("work_order", name) for name in columns), strict=True
    ):
        if status in ("done", "closed"):
            assert made[order] == good
            assert scrap[order] == bad
            assert inspected.get(f"{order}-final", good + bad) == good + bad
            assert reworked <= good
            assert good + bad > 0
            assert good <= ordered * 1.1 + 1
        elif status != "running":
            assert good == bad == 0


def test_states_fill_the_shifts_without_gap_or_overlap(business: Business) -> None:
    names = ("work_unit", "started", "ended")
    by_unit: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for unit, started, ended in zip(*(business.column("work_unit_state", name) for name in names), strict=True):
        by_unit[unit].append((started, business.now if ended < 0 else ended))
    assert len(by_unit) >= 12
    for states in by_unit.values():
        states.sort()
        for (_, before), (after, _) in pairwise(states):
            gap = after - before
            assert gap >= 0
            assert gap == 0 or gap % (8 * HOUR_MS) == 0 or gap > 8 * HOUR_MS
    kinds = business.column("shift", "kind") == "shift"
    planned = {site.code: 0.0 for site in SITES}
    ends = np.minimum(business.column("shift", "ended"), business.now)
    for site, begin, end in zip(
        business.column("shift", "site")[kinds], business.column("shift", "started")[kinds], ends[kinds], strict=True
    ):
        planned[site] += max(end - begin, 0)
    for site in SITES:
        own = [states for unit, states in by_unit.items() if unit.startswith(site.code)]
        told = sum(end - begin for states in own for begin, end in states)
        assert told == planned[site.code] * site.units


def test_earned_hours_are_those_of_the_good_pieces(business: Business) -> None:
    """Of shifts that are over."""
    over = (business.column("work_order", "planned_end") <= business.now - 3 * HOUR_MS) & np.isin(
        business.column("work_order", "status"), ["done", "closed"]
    )
    standard = business.column("work_order", "good") * business.column("work_order", "std_hours")
    last = business.column("work_order", "planned_end")[over].max()
    earned = business.column("labour", "earned_hours")[business.column("labour", "started") < last - HOUR_MS].sum()
    assert earned == pytest.approx(standard[over].sum(), rel=2e-3)


def test_labour_never_exceeds_what_is_paid(business: Business) -> None:
    assert (business.column("labour", "direct_hours") <= business.column("labour", "paid_hours")).all()
    assert (business.column("labour", "overtime_hours") <= business.column("labour", "paid_hours")).all()


def test_contracts_are_chains(business: Business) -> None:
    chains: dict[str, list[tuple[int, str, int, float]]] = defaultdict(list)
    names = ("account", "started", "change", "seats", "mrr")
    for account, *rest in zip(*(business.column("contract", name) for name in names), strict=True):
        chains[account].append(tuple(rest))
    assert set(chains) <= set(customers())
    assert len(chains) > 380
    for chain in chains.values():
        chain.sort()
        changes = [change for _, change, _, _ in chain]
        assert changes[0] == "new"
        assert "new" not in changes[1:]
        assert "churn" not in changes[:-1]
        assert len({started for started, *_ in chain}) == len(chain)
        for (_, _, seats, _), (_, change, after, mrr) in pairwise(chain):
            grows = {"expand": after > seats, "contract": after < seats, "renew": after == seats, "churn": mrr == 0}
            assert grows[change], chain


def test_contracts_name_core_features(business: Business) -> None:
    bought = {feature for features in business.column("contract", "features") for feature in features.split(",")}
    assert bought == set(CORE)


@pytest.mark.parametrize("fact", ["work_order", "order_line", "ticket_event", "survey_response", "market_account"])
def test_customers_are_the_fleets(business: Business, fact: str) -> None:
    assert set(business.column(fact, "customer")) - {""} <= set(customers())


def test_accounts_are_all_customers(business: Business) -> None:
    assert set(business.column("account", "account")) == set(customers())


def test_people_have_seats(business: Business) -> None:
    """The customer's people in the fleet never outnumber its last contract's seats."""
    seats = dict(zip(business.column("contract", "account"), business.column("contract", "seats"), strict=True))
    gone = set(business.column("contract", "account")[business.column("contract", "change") == "churn"])
    people = business.world.people
    for number, name in enumerate(customers()):
        if name in seats and name not in gone:
            assert seats[name] >= people[number] * 0.99 - 1


def test_lines_happen_in_order(business: Business) -> None:
    names = ("placed", "shipped", "delivered", "claimed")
    placed, shipped, delivered, claimed = (business.column("order_line", name) for name in names)
    assert (shipped[shipped >= 0] >= placed[shipped >= 0]).all()
    assert (delivered[delivered >= 0] >= shipped[delivered >= 0]).all()
    assert (claimed[claimed >= 0] >= delivered[claimed >= 0]).all()
    cancelled = business.column("order_line", "cancelled") == 1
    assert cancelled.any()
    assert (delivered[cancelled] < 0).all()


def test_tickets_happen_in_order(business: Business) -> None:
    steps: dict[str, list[tuple[int, str]]] = defaultdict(list)
    names = ("ticket", "at", "event")
    for ticket, at, event in zip(*(business.column("ticket_event", name) for name in names), strict=True):
        steps[ticket].append((at, event))
    for life in steps.values():
        events = [event for _, event in sorted(life)]
        assert events[0] == "opened"
        assert "closed" not in events[:-1]
        assert events.count("reopened") <= events.count("resolved")


def test_stock_is_worth_its_standard_cost(business: Business) -> None:
    cost = {one.name: one.cost for one in PRODUCTS}
    price = {site.code: site.price for site in SITES}
    names = ("quantity", "value", "product", "site")
    for quantity, value, product, site in zip(
        *(business.column("inventory_snapshot", name) for name in names), strict=True
    ):
        assert value == pytest.approx(quantity * cost[product] * price[site], abs=0.01)


def test_the_same_seed_gives_the_same_facts(business: Business) -> None:
    again, other = Business(NOW), Business(NOW, seed=8)
    for fact in ("work_unit_state", "order_line", "ticket_event", "contract", "cost"):
        assert again.table(fact).equals(business.table(fact))
        assert not other.table(fact).equals(business.table(fact))


def test_scale_multiplies_what_grows() -> None:
    usual, large = Business(NOW), Business(NOW, scale=3)
    for fact, times in (("work_unit_state", 3.0), ("order_line", 3.0), ("contract", 1.0), ("cost", 1.0)):
        assert large.table(fact).num_rows == pytest.approx(usual.table(fact).num_rows * times, rel=0.03)
