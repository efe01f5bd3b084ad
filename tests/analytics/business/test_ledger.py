"""Sums of facts by period, against a plain computation over the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.house import House

from lopan.analytics.business.ledger import Ledger, Scope, allocated
from lopan.analytics.calendar import Dates
from lopan.analytics.facts import Facts

TODAY = date(2026, 6, 30)
SITES = {"A": ("Europe/Berlin", 360, "North"), "B": ("America/New_York", 0, "South"), "": ("UTC", 0, "")}
PRODUCTS = ("p", "q", "")
RATES = {("USD", date(2026, 1, 15)): 0.5, ("USD", date(2026, 4, 1)): 0.8, ("JPY", date(2026, 3, 10)): 0.01}
PERIODS = [Dates(date(2026, 2, 1), date(2026, 2, 28)), Dates(date(2026, 4, 1), date(2026, 5, 31))]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("ledger"))
    places = [
        {"key": site, "site": site, "timezone": zone, "day_begins": begins, "region": region}
        for site, (zone, begins, region) in SITES.items()
        if site
    ]
    made.load(places, "site")
    rates = [
        {"key": f"{one}{day}", "day": day, "currency": one, "into": "EUR", "rate": rate}
        for (one, day), rate in RATES.items()
    ]
    made.load(rates, "fx_rate")
    yield made
    made.close()


def worth(currency: str, day: date) -> Decimal | None:
    if currency in ("", "EUR"):
        return Decimal(1)
    known = [(since, rate) for (one, since), rate in RATES.items() if one == currency and since <= day]
    return Decimal(str(max(known)[1])) if known else None


def money(draw: Random) -> Decimal:
    return Decimal(draw.randrange(-10_000, 1_000_000)) / 10_000


def at(draw: Random) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(180 * 24 * 60))


def worked_on(moment: datetime, site: str) -> date:
    zone, begins, _ = SITES[site]
    return (moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - timedelta(minutes=begins)).date()


def arrived(house: House, fact: str, rows: list[dict[str, Any]], draw: Random) -> None:
    """In two batches, a third of the rows wrong at first and corrected later, and some that are deleted again."""
    house.clear(fact)
    early = datetime(2026, 6, 1, tzinfo=UTC)
    wrong = [{**row, "modified": early, **_twisted(row)} for row in draw.sample(rows, len(rows) // 3)]
    gone = [{**row, "key": f"gone {row['key']}", "modified": early} for row in draw.sample(rows, len(rows) // 5)]
    right = [{**row, "modified": early + timedelta(hours=1)} for row in rows]
    deleted = [{**row, "modified": early + timedelta(hours=1), "deleted": True} for row in gone]
    batches = [wrong, gone, right, deleted]
    draw.shuffle(batches)
    for batch in batches:
        draw.shuffle(batch)
        house.load(batch, fact)


def _twisted(row: dict[str, Any]) -> dict[str, Any]:
    moved = {"day": timedelta(days=40), "started": timedelta(days=33), "ended": timedelta(days=33)}
    return {name: row[name] + by for name, by in moved.items() if row.get(name) is not None}


def found(house: House, what: str, scope: Scope, **more: Any) -> list[Any]:
    rows: list[Any] = house.ask(lambda facts: getattr(Ledger(facts), what)(PERIODS, scope, **more))
    return rows


def period_of(day: date) -> int | None:
    return next((number for number, one in enumerate(PERIODS) if one.first <= day <= one.last), None)


def same(left: Sequence[Any], right: dict[tuple[Any, ...], list[float]], keys: int) -> None:
    assert {tuple(row[:keys]): list(row[keys:]) for row in left} == {
        key: pytest.approx(values, rel=1e-9, abs=1e-4) for key, values in right.items()
    }


def test_hours(house: House) -> None:
    draw = Random(7)
    rows: list[dict[str, Any]] = [
        {
            "key": str(number),
            "started": at(draw),
            "site": draw.choice(list(SITES)),
            "paid_hours": draw.randrange(1, 900) / 100,
            "direct_hours": draw.randrange(1, 900) / 100,
            "earned_hours": draw.randrange(1, 900) / 100,
            "rate": draw.choice([None, money(draw)]),
            "currency": draw.choice(["", "EUR", "USD", "JPY"]),
        }
        for number in range(300)
    ]
    arrived(house, "labour", rows, draw)
    for scope in [Scope(TODAY), Scope(TODAY, site="A"), Scope(TODAY, region="South")]:
        expected: dict[tuple[Any, ...], list[float]] = {}
        for row in rows:
            day = worked_on(row["started"], row["site"])
            if (period := period_of(day)) is None or not _within(scope, row["site"]):
                continue
            rate = worth(row["currency"], day)
            priced = row["rate"] is not None and rate is not None
            wage = float(row["rate"] * rate) * row["paid_hours"] if priced else 0.0
            paid = row["paid_hours"]
            more = [1, paid, row["direct_hours"], row["earned_hours"], wage, paid if priced else 0.0]
            more.append(row["rate"] is not None and rate is None)
            _add(expected, (period, row["site"]), more)
        same(found(house, "hours", scope), expected, 2)


def test_output(house: House) -> None:
    draw = Random(7)
    rows: list[dict[str, Any]] = [
        {
            "key": str(number),
            "order": str(number),
            "ended": draw.choice([None, at(draw), at(draw), at(draw)]),
            "site": draw.choice(list(SITES)),
            "product": draw.choice(PRODUCTS),
            "good": float(draw.randrange(50)),
            "scrap": float(draw.randrange(5)),
            "std_cost": draw.choice([None, money(draw), money(draw)]),
            "currency": draw.choice(["", "EUR", "USD", "JPY"]),
            "status": draw.choice(["done", "closed", "cancelled"]),
        }
        for number in range(300)
    ]
    arrived(house, "work_order", rows, draw)
    for scope in [Scope(TODAY), Scope(TODAY, site="B", product="p")]:
        expected: dict[tuple[Any, ...], list[float]] = {}
        for row in rows:
            if row["ended"] is None or row["status"] == "cancelled":
                continue
            day = worked_on(row["ended"], row["site"])
            if (period := period_of(day)) is None or not _within(scope, row["site"], row["product"]):
                continue
            rate, something = worth(row["currency"], day), row["good"] + row["scrap"] > 0
            cost = float(row["std_cost"] * rate) if row["std_cost"] is not None and rate is not None else None
            known = [0.0, 0.0, 0.0] if cost is None else [row["good"] * cost, row["scrap"] * cost, row["good"]]
            costed = row["std_cost"] is not None
            missing = [something and not costed, something and costed and rate is None]
            _add(expected, (period, row["site"], row["product"]), [1, row["good"], row["scrap"], *known, *missing])
        same(found(house, "output", scope), expected, 3)


def test_spent(house: House) -> None:
    draw = Random(7)
    house.clear("work_order")
    house.load([{"key": "o", "order": "o", "product": "q", "ordered": 1.0}], "work_order")
    kinds = ("material", "labour", "machine", "overhead", "scrap", "rework", "warranty", "cogs", "other")
    rows: list[dict[str, Any]] = [
        {
            "key": str(number),
            "day": date(2026, 1, 1) + timedelta(days=draw.randrange(180)),
            "site": draw.choice(list(SITES)),
            "product": draw.choice(PRODUCTS),
            "order": draw.choice(["", "o", "x"]),
            "type": draw.choice(kinds),
            "amount": money(draw),
            "currency": draw.choice(["", "EUR", "USD", "JPY"]),
        }
        for number in range(400)
    ]
    arrived(house, "cost", rows, draw)
    groups = [kinds[:4], ("rework", "warranty"), ("cogs",)]
    for scope in [Scope(TODAY), Scope(TODAY, product="q"), Scope(TODAY, site="A")]:
        expected: dict[tuple[Any, ...], list[float]] = {}
        for row in rows:
            made = row["product"] or ("q" if row["order"] == "o" else "")
            if (period := period_of(row["day"])) is None or not _within(scope, row["site"], made):
                continue
            rate = worth(row["currency"], row["day"])
            amount = 0.0 if rate is None else float(row["amount"] * rate)
            parts = [amount if row["type"] in group else 0.0 for group in groups]
            counts = [row["type"] in group for group in groups]
            _add(expected, (period, row["site"], made), [1, *parts, *counts, rate is None])
        same(found(house, "spent", scope), expected, 3)


def test_stock_lies_until_the_next_count_of_its_site(house: House) -> None:
    draw = Random(7)
    first = date(2026, 1, 1)
    rows: list[dict[str, Any]] = [
        {
            "key": str(number),
            "day": first + timedelta(days=7 * draw.randrange(24)),
            "site": draw.choice(list(SITES)),
            "product": draw.choice(PRODUCTS),
            "quantity": 1.0,
            "value": money(draw),
            "currency": draw.choice(["EUR", "USD", "JPY"]),
        }
        for number in range(60)
    ]
    arrived(house, "inventory_snapshot", rows, draw)
    counts = {site: sorted({row["day"] for row in rows if row["site"] == site}) for site in SITES}
    for scope, by in product(
        [Scope(TODAY), Scope(date(2026, 5, 10), product="p"), Scope(TODAY, site="A")], ("", "product")
    ):
        expected: dict[tuple[Any, ...], float] = {}
        for period, dates in enumerate(PERIODS):
            for day in dates:
                for site, counted in counts.items():
                    lying = [one for one in counted if one <= day]
                    if not lying or day > scope.today:
                        continue
                    for row in rows:
                        here = row["site"] == site and row["day"] == lying[-1]
                        if here and _within(scope, site, row["product"]):
                            key = (period, site, row["product"] if by else "")
                            rate = worth(row["currency"], dates.last) or Decimal(0)
                            expected[key] = expected.get(key, 0.0) + float(row["value"] * rate)
        answer = {tuple(row[:3]): row.held for row in found(house, "stock", scope, by=by)}
        assert answer == {key: pytest.approx(value, abs=1e-3) for key, value in expected.items()}


def _within(scope: Scope, site: str, product: str = "") -> bool:
    fits = scope.site in ("", site) and scope.region in ("", SITES[site][2])
    return fits and scope.product in ("", product)


def _add(into: dict[tuple[Any, ...], list[float]], key: tuple[Any, ...], values: Sequence[float]) -> None:
    before = into.get(key, [0.0] * len(values))
    into[key] = [old + float(new) for old, new in zip(before, values, strict=True)]


def test_what_belongs_to_no_product_is_shared_out(house: House) -> None:
    house.clear("cost", "work_order")
    day = PERIODS[0].first
    ended = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
    order = {"site": "A", "ended": ended, "ordered": 1.0, "status": "done", "currency": "EUR"}
    orders = [
        {**order, "key": "1", "order": "1", "product": "p", "good": 10.0, "std_cost": Decimal(3)},
        {**order, "key": "2", "order": "2", "product": "q", "good": 10.0, "std_cost": Decimal(1)},
    ]
    cost = {"day": day, "amount": Decimal(100), "currency": "EUR"}
    costs = [
        {**cost, "key": "1", "site": "A", "type": "material", "product": "p"},
        {**cost, "key": "2", "site": "A", "type": "overhead"},
        {**cost, "key": "3", "site": "B", "type": "overhead"},
        {**cost, "key": "4", "type": "machine"},
    ]
    house.load(orders, "work_order")
    house.load(costs, "cost")

    async def ask(facts: Facts) -> dict[tuple[int, str, str], float]:
        ledger, scope = Ledger(facts), Scope(TODAY)
        return allocated(await ledger.spent(PERIODS, scope), await ledger.output(PERIODS, scope))

    assert house.ask(ask) == {(0, "A", "p"): 250, (0, "A", "q"): 50, (0, "B", ""): 100}
