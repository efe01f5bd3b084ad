"""Figures of money as pages and alerts get them: against the approved baseline, by site, product and month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.analytics import figures
from tests.house import House

from lopan.analytics.calendar import Dates
from lopan.analytics.metric import Metric, Span
from lopan.control.baselines import Baseline, Frozen, Made, Worked

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MAY = Span(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
FROZEN = Frozen(
    made=[
        Made(site="A", product="p", good=100, scrap=10, valued=100, standard=500, scrap_cost=50, cost=1_000),
        Made(site="A", product="q", good=50, scrap=0, valued=50, standard=500, scrap_cost=0, cost=2_000),
        Made(site="B", product="p", good=100, scrap=2, valued=100, standard=500, scrap_cost=10, cost=1_000),
    ],
    worked=[Worked(site="A", paid=100, direct=50, earned=80), Worked(site="B", paid=100, direct=50, earned=100)],
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("moneykpis"))
    ended = {"ended": datetime(2026, 5, 10, 12, tzinfo=UTC), "status": "done", "std_cost": Decimal(5)}
    made.load(
        [
            {**ended, "key": "1", "order": "1", "site": "A", "product": "p", "good": 200.0, "scrap": 10.0},
            {**ended, "key": "2", "order": "2", "site": "A", "product": "new", "good": 9.0, "scrap": 9.0},
            {**ended, "key": "3", "order": "3", "site": "B", "product": "p", "good": 100.0, "scrap": 4.0},
        ],
        "work_order",
    )
    day = {"day": date(2026, 5, 11), "currency": "EUR"}
    made.load(
        [
            {**day, "key": "1", "site": "A", "product": "p", "type": "material", "amount": Decimal(1_800)},
            {**day, "key": "2", "site": "B", "product": "p", "type": "labour", "amount": Decimal(1_500)},
            {**day, "key": "3", "site": "A", "product": "p", "type": "cogs", "amount": Decimal(310)},
        ],
        "cost",
    )
    worked = {"started": datetime(2026, 5, 12, 8, tzinfo=UTC)}
    made.load(
        [
            {**worked, "key": "1", "site": "A", "paid_hours": 10.0, "earned_hours": 10.0},
            {**worked, "key": "2", "site": "B", "paid_hours": 30.0, "earned_hours": 24.0},
        ],
        "labour",
    )
    lying = {"key": "1", "day": date(2026, 5, 1), "site": "A", "product": "p", "value": Decimal(1_000)}
    made.load([lying], "inventory_snapshot")
    signed = {"started": datetime(2025, 1, 1, tzinfo=UTC), "currency": "EUR", "change": "new"}
    left = {"ended": datetime(2026, 2, 1, tzinfo=UTC)}
    made.load(
        [
            {**signed, "key": "1", "account": "a", "mrr": Decimal(100)},
            {**signed, "key": "2", "account": "a", "mrr": Decimal(150), "started": datetime(2026, 1, 1, tzinfo=UTC)},
            {**signed, "key": "3", "account": "b", "mrr": Decimal(100), **left},
            {**signed, "key": "4", "account": "c", "mrr": Decimal(70), "started": datetime(2026, 3, 1, tzinfo=UTC)},
        ],
        "contract",
    )
    listed = {"reach": "sam", "region": "north", "valid_from": date(2026, 5, 15), "value": Decimal(2_000)}
    made.load(
        [
            {**listed, "key": "1", "company": "A", "customer": "a", "segment": "large"},
            {**listed, "key": "2", "company": "B", "segment": "large"},
            {**listed, "key": "3", "company": "C", "segment": "small"},
            {**listed, "key": "4", "company": "D", "segment": "small", "valid_from": date(2026, 6, 20)},
        ],
        "market_account",
    )
    yield made
    made.close()


def base(**more: Any) -> Baseline:
    told = {"version": 1, "state": "approved", "first": date(2026, 1, 1), "last": date(2026, 1, 31), "note": ""}
    told |= {"currency": "EUR", "frozen": FROZEN, "frozen_by": "a", "frozen_at": NOW}
    return Baseline(**{**told, **more})


def metric(house: House, name: str, baseline: Baseline | None = base(), by: str = "", **filters: Any) -> Metric:
    async def approved() -> Baseline | None:
        return baseline

    return figures.metric(house, name, MAY, by, now=NOW, approved=approved, **filters)


@pytest.mark.parametrize(
    ("name", "filters", "value"),
    [
        ("inventory_turnover", {}, 310 * 365 / 31 / 1_000),
        ("inventory_days", {}, 1_000 * 31 / 310),
        ("inventory_turnover", {"site": "B"}, None),
        ("scrap_cost_rate", {}, 100 * 115 / (1_545 + 115)),
        ("scrap_cost_rate", {"site": "B"}, 100 * 20 / 520),
        ("scrap_cost_rate", {"product": "q"}, None),
        ("waste_reduction", {}, 100 * (1 - 70 / 300 / (60 / 200))),
        ("waste_reduction", {"site": "A"}, 100 * (1 - 50 / 200 / (50 / 100))),
        ("waste_reduction", {"product": "q"}, None),
        ("labour_productivity", {}, 34 / 40),
        ("labour_productivity_change", {}, 100 * (34 / 40 / (180 / 200) - 1)),
        ("labour_productivity_change", {"site": "A"}, 100 * (1 / 0.8 - 1)),
        ("cost_per_unit", {}, 3_300 / 309),
        ("cost_per_unit", {"product": "p"}, 3_300 / 300),
        ("cost_per_unit_change", {}, 100 * (3_300 / 300 / (2_000 / 200) - 1)),
        ("customer_retention", {}, 50),
        ("mrr", {}, 220),
        ("nrr", {}, 75),
        ("grr", {}, 50),
        ("revenue_churn", {}, 50),
        ("mrr_expansion", {}, 25),
        ("mrr", {"customer": "c"}, 70),
        ("customer_retention_orders", {}, None),
        ("market_penetration", {}, 50),
        ("market_penetration", {"segment": "large"}, 50),
        ("market_penetration", {"segment": "small"}, 0),
        ("market_penetration", {"region": "nowhere"}, None),
        ("market_penetration_value", {}, 100 * (1_800 + 840) / (6_000 + 840)),
    ],
)
def test_figures(house: House, name: str, filters: dict[str, Any], value: float | None) -> None:
    found = metric(house, name, **filters)
    assert found.value == (None if value is None else pytest.approx(value))
    assert found.series


@pytest.mark.parametrize("name", ["waste_reduction", "labour_productivity_change", "cost_per_unit_change"])
@pytest.mark.parametrize("baseline", [None, base(currency="USD"), base(frozen=Frozen())], ids=["none", "USD", "empty"])
def test_without_a_baseline_to_measure_against_there_is_no_figure(
    house: House, name: str, baseline: Baseline | None
) -> None:
    assert metric(house, name, baseline).value is None


def test_a_baseline_without_scrap_is_no_measure_of_waste(house: House) -> None:
    clean = Frozen(made=[made for made in FROZEN.made if made.product == "q"])
    assert metric(house, "waste_reduction", base(frozen=clean)).value is None


def test_groups(house: House) -> None:
    found = metric(house, "labour_productivity", by="site")
    assert {group.key: group.value for group in found.groups} == {"A": 1.0, "B": 0.8}
    found = metric(house, "cost_per_unit", by="product")
    assert {group.key: group.value for group in found.groups} == {"p": pytest.approx(11), "new": 0}


def test_the_market_is_as_of_the_end_of_every_bucket(house: House) -> None:
    found = metric(house, "market_penetration", by="segment")
    assert {group.key: (group.value, group.n) for group in found.groups} == {
        "large": (50, 2),
        "small": (0, 1),
        "": (None, 1),
    }
    told = {point.t.date(): (point.value, point.n) for point in found.series}
    assert told[date(2026, 5, 31)] == (50, 4)
    assert told[date(2026, 5, 14)] == (None, 2)
    assert found.low is not None
    assert found.previous is None


def test_a_figure_of_a_year_is_one_at_every_point(house: House) -> None:
    points = metric(house, "nrr").series
    assert points[-1].value == pytest.approx(75)
    assert points[0].t <= MAY.end - timedelta(days=300)


def test_stock_lies_until_the_day_as_of_which_it_is_asked(house: House) -> None:
    known = house.clock.now().date()
    first = known - timedelta(days=10)
    house.load(
        [{"key": "known", "day": first, "site": "K", "type": "cogs", "amount": Decimal(310), "currency": "EUR"}], "cost"
    )
    house.load([{"key": "known", "day": first, "site": "K", "value": Decimal(1_000)}], "inventory_snapshot")
    begin = datetime.combine(first, datetime.min.time(), UTC)
    span = Span(begin, begin + timedelta(days=31))
    found = figures.metric(house, "inventory_turnover", span, now=span.end, site="K", known=known.isoformat())
    assert {point.t.date() for point in found.series if point.value is not None} == set(Dates(first, known))
    assert found.value == pytest.approx(310 * 365 / 11 / 1_000)
