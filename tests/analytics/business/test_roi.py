"""The return on the roll-out: the check case of the definitions, and every line against a plain computation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.house import House

from lopan.analytics.business import roi
from lopan.analytics.business.freeze import frozen
from lopan.analytics.business.ledger import Ledger, Scope
from lopan.analytics.business.returns import Returns, Roi, months
from lopan.analytics.business.roi import Benefit, MonthOf
from lopan.analytics.calendar import Dates
from lopan.analytics.facts import Facts
from lopan.catalog.business import Business, Phi
from lopan.control.baselines import Baseline

BEFORE = Dates(date(2026, 1, 1), date(2026, 2, 28))
TODAY = date(2026, 5, 10)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("roi"))
    made.load([{"key": "1", "day": date(2026, 1, 1), "currency": "USD", "into": "EUR", "rate": 0.5}], "fx_rate")
    yield made
    made.close()


def test_check_case_of_the_definitions() -> None:
    """H1 = 10,000 h, P0 = 4.0, P1 = 4.6 units an hour, 30 EUR, phi 0.5; the formula it replaces would say 0.70."""
    full = roi.productivity_value(10_000, 46_000, 4.0, 30)
    month = MonthOf(
        dates=Dates(date(2026, 1, 1), date(2026, 1, 31)),
        benefits=[
            Benefit(line="labour", full=full, hard=False, freed=True),
            Benefit(line="quality", full=12_000, hard=True),
            Benefit(line="inventory", full=5_500, hard=False),
        ],
        costs={"implementation": 15_000, "subscription": 6_000, "training": 1_000, "internal": 3_000},
    )
    found = roi.result([month], Phi(low=0.25, base=0.5, high=1)).base
    assert full * 0.5 == pytest.approx(22_500)
    assert (found.benefit, found.cost) == (pytest.approx(40_000), 25_000)
    assert (found.roi_net, found.benefit_cost_ratio) == (pytest.approx(0.60), pytest.approx(1.60))
    assert found.hard == pytest.approx((12_000 - 25_000) / 25_000)


@pytest.mark.parametrize("costs", [{}, {"training": 0.0}], ids=["none", "nought"])
def test_without_cost_there_is_no_return(costs: dict[str, float]) -> None:
    month = MonthOf(dates=BEFORE, benefits=[Benefit(line="other", full=5, hard=True)], costs=costs)
    found = roi.result([month], Phi()).base
    assert (found.benefit, found.roi_net, found.benefit_cost_ratio, found.hard) == (5, None, None, None)


amounts = st.integers(-1_000, 1_000)
lines = st.lists(st.tuples(st.sampled_from(roi.LINES), amounts, st.booleans(), st.booleans()), max_size=6)


@given(st.lists(st.tuples(lines, st.integers(0, 1_000)), min_size=1, max_size=5))
def test_lines_and_costs_add_up(made: list[tuple[list[tuple[Any, int, bool, bool]], int]]) -> None:
    found = roi.result(
        [
            MonthOf(
                dates=BEFORE,
                benefits=[Benefit(line=a, full=b, hard=c, freed=d) for a, b, c, d in benefits],
                costs={"subscription": float(cost)},
            )
            for benefits, cost in made
        ],
        Phi(low=0.25, base=0.5, high=1),
    )
    cost = sum(cost for _, cost in made)
    for one, phi in zip(found.returns, (0.25, 0.5, 1), strict=True):
        parts = [(amount * (phi if freed else 1), hard) for own, _ in made for _, amount, hard, freed in own]
        assert one.benefit == pytest.approx(sum(part for part, _ in parts))
        assert one.benefit == pytest.approx(sum(getattr(line, one.case) for line in found.lines))
        expected = (sum(part for part, _ in parts) - cost) / cost if cost else None
        assert one.roi_net == (pytest.approx(expected) if cost else None)
        expected = (sum(part for part, hard in parts if hard) - cost) / cost if cost else None
        assert one.hard == (pytest.approx(expected) if cost else None)


def baseline(house: House, dates: Dates = BEFORE) -> Baseline:
    async def ask(facts: Facts) -> Any:
        return await frozen(Ledger(facts), dates, Scope(TODAY))

    return Baseline(
        version=3, state="approved", first=dates.first, last=dates.last, currency="EUR", frozen=house.ask(ask),
        note="", frozen_by="anna", frozen_at=NOON, decided_by="ben", decided_at=NOON,
    )  # fmt: skip


def asked(house: House, base: Baseline | None, how: dict[str, Any] | None = None, scope: Scope = Scope(TODAY)) -> Roi:
    settings = msgspec.convert({"roi": how or {}}, Business)

    async def ask(facts: Facts) -> Roi:
        return await Returns(Ledger(facts), settings).roi(base, scope)

    return house.ask(ask)


def emptied(house: House) -> None:
    house.clear("labour", "work_order", "cost", "inventory_snapshot", "rollout_cost", "saving")


def test_check_case_from_facts(house: House) -> None:
    emptied(house)
    hours = {"site": "A", "rate": Decimal(60), "currency": "USD"}
    then, now = NOON + timedelta(days=5), datetime(2026, 3, 5, 12, tzinfo=UTC)
    house.load(
        [
            {**hours, "key": "0", "started": then, "paid_hours": 1_000.0, "earned_hours": 400.0},
            {**hours, "key": "1", "started": now, "paid_hours": 10_000.0, "earned_hours": 4_600.0},
        ],
        "labour",
    )
    day = date(2026, 3, 2)
    spent = {"day": day, "currency": "EUR"}
    house.load(
        [
            {**spent, "key": "1", "type": "implementation", "amount": Decimal(20_000)},
            {**spent, "key": "2", "type": "subscription", "amount": Decimal(10_000), "currency": "USD"},
            {**spent, "key": "3", "type": "training", "amount": Decimal(9), "currency": "JPY"},
        ],
        "rollout_cost",
    )
    saved = {"day": day, "currency": "EUR"}
    house.load(
        [
            {**saved, "key": "1", "line": "quality", "amount": Decimal(12_000), "hard": 1},
            {**saved, "key": "2", "line": "inventory", "amount": Decimal(5_500)},
            {**saved, "key": "3", "line": "labour", "amount": Decimal(99)},
        ],
        "saving",
    )
    found = asked(house, baseline(house))
    assert found.result is not None
    assert (found.growth, found.rate, found.hours) == (pytest.approx(0.15), pytest.approx(30), 10_000)
    assert {line.line: line.base for line in found.result.lines} == pytest.approx(
        {"labour": 22_500, "inventory": 5_500, "quality": 12_000, "downtime": 0, "other": 0}
    )
    assert (found.result.base.roi_net, found.result.base.benefit_cost_ratio) == (
        pytest.approx(0.6),
        pytest.approx(1.6),
    )
    assert found.dates == Dates(day, TODAY)
    assert {doubt.what[:30]: doubt.amount for doubt in found.doubts} == {
        "rows of money have no exchange": 1,
        "of booked labour savings are l": 99,
    }


def test_every_line_equals_a_plain_computation(house: House) -> None:
    emptied(house)
    draw = Random(5)
    at = [NOON + timedelta(days=draw.randrange(130)) for _ in range(300)]
    labour = [
        {
            "key": str(number),
            "started": moment,
            "site": draw.choice("AB"),
            "paid_hours": draw.randrange(1, 90) / 10,
            "earned_hours": draw.randrange(1, 90) / 10,
        }
        for number, moment in enumerate(at)
    ]
    orders = [
        {
            "key": str(number),
            "order": str(number),
            "ended": moment,
            "site": draw.choice("AB"),
            "product": draw.choice("pqr"),
            "good": float(draw.randrange(50)),
            "scrap": float(draw.randrange(5)),
            "std_cost": Decimal(draw.randrange(100, 900)) / 100,
            "status": "done",
        }
        for number, moment in enumerate(at)
    ]
    costs = [
        {
            "key": str(number),
            "day": moment.date(),
            "site": draw.choice("AB"),
            "type": draw.choice(["rework", "warranty", "material"]),
            "amount": Decimal(draw.randrange(10_000)) / 100,
        }
        for number, moment in enumerate(at)
    ]
    stock = [
        {
            "key": f"{day}{site}",
            "day": NOON.date() + timedelta(days=day),
            "site": site,
            "product": "p",
            "quantity": 1.0,
            "value": Decimal(draw.randrange(1_000, 9_000)),
        }
        for day in range(0, 130, 10)
        for site in "AB"
    ]
    facts: dict[str, list[dict[str, Any]]] = {
        "labour": labour,
        "work_order": orders,
        "cost": costs,
        "inventory_snapshot": stock,
    }
    for fact, rows in facts.items():
        house.load(rows, fact)
    start = date(2026, 3, 1)
    how = {"start": start, "loaded_rate": 40.0, "carrying_rate": 0.2}
    found = asked(house, baseline(house), how, Scope(TODAY, site="A"))
    assert found.result is not None

    def then(day: date) -> bool:
        return BEFORE.first <= day <= BEFORE.last

    def now(day: date) -> bool:
        return start <= day <= TODAY

    own = [[row for row in rows if row["site"] == "A"] for rows in facts.values()]
    paid, earned = (
        [sum(row[name] for row in own[0] if test(row["started"].date())) for test in (then, now)]
        for name in ("paid_hours", "earned_hours")
    )
    growth = (earned[1] / paid[1]) / (earned[0] / paid[0]) - 1
    assert found.growth == pytest.approx(growth)
    quality = 0.0
    for product in "pqr":
        before = [row for row in own[1] if row["product"] == product and then(row["ended"].date())]
        ratio = sum(row["scrap"] for row in before) / sum(row["good"] for row in before)
        for row in own[1]:
            if row["product"] == product and now(row["ended"].date()):
                quality += (ratio * row["good"] - row["scrap"]) * float(row["std_cost"])
    units = [sum(row["good"] for row in own[1] if test(row["ended"].date())) for test in (then, now)]
    repair = [
        sum(float(row["amount"]) for row in own[2] if row["type"] != "material" and test(row["day"]))
        for test in (then, now)
    ]
    quality += repair[0] * units[1] / units[0] - repair[1]

    def value(day: date) -> float:
        return float(max((row["day"], row["value"]) for row in own[3] if row["day"] <= day)[1])

    average = sum(map(value, BEFORE)) / len(BEFORE)
    inventory = sum((average - value(day)) * 0.2 / 365 for day in Dates(start, TODAY))
    lines = {line.line: line.base for line in found.result.lines}
    assert lines["labour"] == pytest.approx(paid[1] * growth * 40 * 0.5)
    assert lines["quality"] == pytest.approx(quality)
    assert lines["inventory"] == pytest.approx(inventory)
    last = list(months(Dates(start, TODAY)))[-1]
    assert found.release == pytest.approx(average - sum(map(value, last)) / len(last))


@pytest.mark.parametrize("labour", ["sold", "booked"])
def test_freed_hours_are_counted_once(house: House, labour: str) -> None:
    emptied(house)
    then, now = NOON + timedelta(days=5), datetime(2026, 3, 5, 12, tzinfo=UTC)
    house.load(
        [
            {"key": "0", "started": then, "paid_hours": 100.0, "earned_hours": 80.0},
            {"key": "1", "started": now, "paid_hours": 100.0, "earned_hours": 100.0},
        ],
        "labour",
    )
    house.load([{"key": "1", "order": "1", "ended": now, "good": 500.0, "status": "done"}], "work_order")
    saved = {"day": now.date(), "line": "labour", "amount": Decimal(70)}
    house.load([{"key": "1", **saved}], "saving")
    how = {"labour": labour, "margin": 3.0, "start": date(2026, 3, 1)}
    found = asked(house, baseline(house), how)
    assert found.result is not None
    line = found.result.lines[0]
    expected = 500 * (1 - 80 / 100) * 3 if labour == "sold" else 70
    assert (line.low, line.base, line.high) == (pytest.approx(expected),) * 3


def test_without_a_baseline_only_what_was_booked_counts(house: House) -> None:
    emptied(house)
    house.load([{"key": "1", "day": date(2026, 3, 1), "type": "other", "amount": Decimal(10)}], "rollout_cost")
    saved = {"day": date(2026, 3, 1)}
    house.load([{"key": "1", **saved, "line": "downtime", "amount": Decimal(-5)}], "saving")
    house.load([{"key": "2", **saved, "line": "labour", "amount": Decimal(2)}], "saving")
    found = asked(house, None)
    assert found.result is not None
    assert found.result.base.roi_net == pytest.approx(-1.3)
    assert [line.base for line in found.result.lines] == [2, 0, 0, -5, 0]
    assert [line.line for line in found.result.lines if not line.known] == ["labour", "inventory", "quality"]
    assert "no baseline" in found.doubts[0].what


def test_without_anything_there_is_no_window(house: House) -> None:
    emptied(house)
    found = asked(house, None)
    assert (found.dates, found.result, found.growth) == (None, None, None)


def test_months_are_cut_to_the_window() -> None:
    found = list(months(Dates(date(2025, 12, 30), date(2026, 2, 1))))
    assert [(one.first, one.last) for one in found] == [
        (date(2025, 12, 30), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 1)),
    ]


def test_the_course_is_the_return_at_every_end(house: House) -> None:
    """Asked for many days in one question, money in a currency that moves included."""
    emptied(house)
    house.load([{"key": "2", "day": date(2026, 4, 8), "currency": "USD", "into": "EUR", "rate": 0.7}], "fx_rate")
    draw = Random(11)
    days = [date(2026, 1, 1) + timedelta(days=draw.randrange(125)) for _ in range(120)]
    house.load(
        [
            {
                "key": str(at), "started": datetime(day.year, day.month, day.day, 9, tzinfo=UTC), "site": "A",
                "paid_hours": draw.randrange(1, 90) / 10, "earned_hours": draw.randrange(1, 90) / 10,
                "rate": Decimal(draw.randrange(10, 40)), "currency": draw.choice(["EUR", "USD"]),
            }
            for at, day in enumerate(days)
        ],
        "labour",
    )  # fmt: skip
    house.load(
        [
            {"key": str(at), "day": day, "site": "A", "product": "p", "quantity": 1.0, "currency": "USD",
             "value": Decimal(draw.randrange(1_000, 9_000))}
            for at, day in enumerate(sorted(set(days)))
        ],
        "inventory_snapshot",
    )  # fmt: skip
    house.load(
        [
            {"key": str(at), "day": day, "type": draw.choice(["training", "subscription"]), "currency": "EUR",
             "amount": Decimal(draw.randrange(50, 900))}
            for at, day in enumerate(days[:30])
        ],
        "rollout_cost",
    )  # fmt: skip
    base, how = baseline(house), {"start": date(2026, 3, 3)}
    ends = [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 31), date(2026, 4, 10), date(2026, 4, 30), TODAY]

    async def course(facts: Facts) -> Any:
        settings = msgspec.convert({"roi": how}, Business)
        returns, scope = Returns(Ledger(facts), settings), Scope(TODAY)
        whole = await returns.course(base, scope, ends)
        return whole, {end: (await returns.roi(base, scope, last=end)).result for end in ends}

    found, alone = house.ask(course)
    assert list(found) == ends[1:]
    assert alone[ends[0]] is None
    for end in ends[1:]:
        assert found[end] == alone[end]
        assert found[end].n > 0


def test_what_names_no_site_counts_for_all_together_only(house: House) -> None:
    emptied(house)
    day = date(2026, 3, 1)
    house.load(
        [
            {"key": "1", "day": day, "type": "other", "amount": Decimal(10)},
            {"key": "2", "day": day + timedelta(days=9), "type": "other", "amount": Decimal(4), "site": "A"},
        ],
        "rollout_cost",
    )
    house.load([{"key": "1", "day": day + timedelta(days=20), "line": "other", "amount": Decimal(7)}], "saving")
    everywhere, here, there = (asked(house, None, None, Scope(TODAY, site=site)) for site in ("", "A", "B"))
    assert [one.result.base.cost for one in (everywhere, here, there)] == [14, 4, 0]
    assert [one.result.base.benefit for one in (everywhere, here, there)] == [7, 0, 0]
    # A site begins with its own first cost; where none names it, with the first of all.
    assert [one.dates.first for one in (everywhere, here, there)] == [day, day + timedelta(days=9), day]
    assert {one.what[:24]: one.amount for one in there.doubts if one.money} == {
        "of roll-out cost name no": 10,
        "of booked savings name n": 7,
    }
    assert not [one for one in everywhere.doubts if one.money]
    assert [(cost.type, cost.n) for cost in everywhere.result.costs] == [("other", 2)]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({}, "no hour has a wage, and `[roi] loaded_rate` is not set"),
        ({"loaded_rate": 30}, ""),
        ({"labour": "sold"}, "`[roi] margin` is not set: what a unit sold contributes"),
        ({"labour": "booked"}, ""),
    ],
)
def test_a_line_that_is_not_known_says_why(house: House, how: dict[str, Any], why: str) -> None:
    emptied(house)
    hours = {"paid_hours": 10.0, "earned_hours": 8.0}
    house.load(
        [
            {"key": "0", "started": NOON, **hours},
            {"key": "1", "started": datetime(2026, 3, 5, tzinfo=UTC), **hours},
        ],
        "labour",
    )
    found = asked(house, baseline(house), {"start": date(2026, 3, 1), **how})
    lines = {line.line: line.why for line in found.result.lines}
    assert lines == {
        "labour": why,
        "inventory": "the baseline holds no stock",
        "quality": "the baseline holds no work orders",
        "downtime": "",
        "other": "",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"currency": "USD"}, "the baseline is in USD; freeze one in EUR"),
        ({"last": BEFORE.first + timedelta(days=9)}, "days are all that the baseline has; it should have 30 at least"),
        ({}, "the baseline was approved later, on 2026-01-01, than the day as of which it is asked"),
    ],
)
def test_what_is_wrong_with_the_baseline_is_said(house: House, change: dict[str, Any], said: str) -> None:
    emptied(house)
    base = msgspec.structs.replace(baseline(house), **change)
    found = asked(house, base, None, Scope(date(2025, 12, 31), known=date(2025, 12, 31)))
    assert said in [one.what for one in found.doubts]
