"""Contracts and orders from begin to end of a period, against a plain walk through every account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from tests.house import House

from lopan.analytics.business.revenue import Buyers, Movement, Revenue, Who
from lopan.analytics.calendar import Dates
from lopan.catalog.business import Retention

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
GRACE = timedelta(days=20)
HOW = Retention(grace_days=20, quiet_days=45)
PERIODS = [
    Dates(date(2026, 1, 1), date(2026, 1, 31)),
    Dates(date(2026, 2, 1), date(2026, 5, 31)),
    Dates(date(2026, 6, 1), date(2026, 6, 30)),
]
RATES = [(date(2026, 1, 10), 0.5), (date(2026, 4, 1), 0.8)]
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("revenue"))
    made.load(
        [{"key": str(day), "day": day, "currency": "USD", "into": "EUR", "rate": rate} for day, rate in RATES],
        "fx_rate",
    )
    yield made
    made.close()


def at(draw: Random, days: int = 240) -> datetime:
    return datetime(2025, 11, 20, tzinfo=UTC) + timedelta(days=draw.randrange(days), hours=draw.choice([0, 7, 23]))


def row(draw: Random, number: int) -> dict[str, Any]:
    started = at(draw)
    return {
        "key": str(number),
        "account": draw.choice("abcdefgh"),
        "contract": draw.choice("12"),
        "started": started,
        "ended": draw.choice([None, started + timedelta(days=draw.randrange(1, 90))]),
        "mrr": Decimal(draw.randrange(10_000)) / 100,
        "currency": draw.choice(["", "EUR", "USD", "JPY"]),
        "change": draw.choice(["new", "renew", "expand", "contract", "churn"]),
    }


def spans(rows: list[dict[str, Any]]) -> list[tuple[str, Decimal, str, datetime, datetime, bool]]:
    """Account, money a month, currency, from, until, whether a renewal may still come."""
    held = []
    for account, contract in sorted({(row["account"], row["contract"]) for row in rows}):
        own = [row for row in rows if (row["account"], row["contract"]) == (account, contract)]
        own.sort(key=lambda row: (row["started"], row["key"]))
        for this, after in zip(own, [*own[1:], None], strict=True):
            end = this["ended"] or FOREVER
            following = after["started"] if after else FOREVER
            over = min(end, following)
            left = after is not None and following <= end and after["change"] == "churn"
            if this["change"] != "churn" and over > this["started"]:
                held.append((account, this["mrr"], this["currency"], this["started"], over, left))
    found = []
    for account, mrr, currency, begun, over, left in held:
        others = [(start, end) for name, _, _, start, end, _ in held if name == account]
        later = [start for start, _ in others if start > over]
        until, waiting = over, False
        if not any(start <= over < end for start, end in others):
            if later and min(later) <= over + GRACE:
                until = min(later)
            elif not later and not left and over + GRACE > NOW:
                until, waiting = over + GRACE, over <= NOW
        found.append((account, mrr, currency, begun, until, waiting))
    return found


def worth(mrr: Decimal, currency: str, day: date) -> Decimal | None:
    if currency in ("", "EUR"):
        return mrr
    rates = [rate for since, rate in RATES if since <= day] if currency == "USD" else []
    return mrr * Decimal(str(rates[-1])) if rates else None


def expected(rows: list[dict[str, Any]], dates: Dates, period: int, only: str = "") -> Movement:
    begins = datetime(dates.first.year, dates.first.month, dates.first.day, tzinfo=UTC)
    ends = min(datetime(dates.last.year, dates.last.month, dates.last.day, tzinfo=UTC) + timedelta(days=1), NOW)
    counts: dict[str, int] = dict.fromkeys(("n", "begun", "kept", "ended", "expansions", "unpriced", "waiting"), 0)
    money = dict.fromkeys(
        ("before", "after", "retained", "still", "churned", "contracted", "expanded", "won"), Decimal(0)
    )
    for account in sorted({row["account"] for row in rows} if not only else {only}):
        own = [one for one in spans(rows) if one[0] == account]
        there = [[one for one in own if one[3] < moment <= one[4]] for moment in (begins, ends)]
        if not there[0] and not there[1]:
            continue
        priced = [[worth(one[1], one[2], dates.last) for one in side] for side in there]
        before, after = (sum((one or Decimal(0) for one in side), Decimal(0)) for side in priced)
        known = None not in priced[0] and None not in priced[1]
        opened, closed = bool(there[0]), bool(there[1])
        counts["n"] += 1
        counts["begun"] += opened
        counts["ended"] += closed
        counts["kept"] += opened and closed
        counts["expansions"] += known and opened and closed and after > before
        counts["waiting"] += any(one[5] for one in there[1])
        both = {*there[0], *there[1]}
        counts["unpriced"] += sum(worth(one[1], one[2], dates.last) is None for one in own if one in both)
        money["after"] += after if None not in priced[1] else 0
        if not known:
            continue
        money["before"] += before
        money["retained"] += after if opened else 0
        money["still"] += min(before, after) if opened else 0
        money["churned"] += before if opened and not closed else 0
        money["contracted"] += max(before - after, Decimal(0)) if opened and closed else 0
        money["expanded"] += max(after - before, Decimal(0)) if opened and closed else 0
        money["won"] += after if not opened else 0
    amounts: dict[str, Any] = {name: float(value) for name, value in money.items()}
    return Movement(period=period, k=only, **counts, **amounts)


@pytest.mark.parametrize("seed", range(6))
def test_movements(house: House, seed: int) -> None:
    draw = Random(seed)
    house.clear("contract")
    rows = [row(draw, number) for number in range(40)]
    early = datetime(2026, 6, 1, tzinfo=UTC)
    wrong = [{**one, "mrr": Decimal(9), "account": "z", "modified": early} for one in draw.sample(rows, 12)]
    gone = [{**one, "key": f"gone {one['key']}", "modified": early} for one in draw.sample(rows, 8)]
    right = [{**one, "modified": early + timedelta(hours=1)} for one in rows]
    batches = [wrong, gone, right, [{**one, "modified": early + timedelta(hours=1), "deleted": True} for one in gone]]
    draw.shuffle(batches)
    for batch in batches:
        house.load(batch, "contract")
    found = house.ask(lambda facts: Revenue(facts, HOW).movements(PERIODS, Who(), NOW))
    for period, dates in enumerate(PERIODS):
        assert [list(one) for one in found if one.period == period] == [
            [
                value if isinstance(value, str) else pytest.approx(value, abs=1e-5)
                for value in expected(rows, dates, period)
            ]
        ]
    single = house.ask(lambda facts: Revenue(facts, HOW).movements(PERIODS[1:2], Who(by="customer"), NOW))
    for one in single:
        assert list(one) == [
            value if isinstance(value, str) else pytest.approx(value, abs=1e-5)
            for value in expected(rows, PERIODS[1], 0, one.k)
        ]
    assert all(one.still <= one.before + 1e-9 for one in found)


def test_segments_are_those_of_the_last_day(house: House) -> None:
    house.clear("contract", "account")
    contract = {"started": datetime(2025, 1, 1, tzinfo=UTC), "mrr": Decimal(100), "change": "new"}
    house.load([{**contract, "key": name, "account": name} for name in "ab"], "contract")
    account = {"valid_from": date(2025, 1, 1), "segment": "small", "region": "north"}
    moved = {"key": "b2", "account": "b", "valid_from": date(2026, 3, 1), "segment": "large", "region": "north"}
    house.load([{**account, "key": name, "account": name} for name in "ab"] + [moved], "account")

    def asked(**who: Any) -> list[tuple[int, str, float]]:
        answer = house.ask(lambda facts: Revenue(facts, HOW).movements(PERIODS[:2], Who(**who), NOW))
        return [(one.period, one.k, one.after) for one in answer]

    assert asked(by="segment") == [(0, "small", 200), (1, "large", 100), (1, "small", 100)]
    assert asked(by="region", segment="large") == [(1, "north", 100)]


def test_who_orders_nothing_for_so_long_is_lost(house: House) -> None:
    house.clear("order_line")
    draw = Random(1)
    lines: list[dict[str, Any]] = [
        {
            "key": str(number),
            "order": str(number),
            "customer": draw.choice("abcdefghijkl"),
            "placed": draw.choice([None, at(draw), at(draw), at(draw)]),
            "cancelled": int(draw.random() < 0.1),
        }
        for number in range(60)
    ]
    house.load(lines, "order_line")
    found = house.ask(lambda facts: Revenue(facts, HOW).buyers(PERIODS, Who(), NOW))

    def active(moment: datetime) -> set[str]:
        return {
            line["customer"]
            for line in lines
            if line["placed"] and not line["cancelled"] and moment - timedelta(days=45) <= line["placed"] < moment
        }

    for period, dates in enumerate(PERIODS):
        first = active(datetime.combine(dates.first, datetime.min.time(), UTC))
        last = active(min(datetime.combine(dates.last + timedelta(days=1), datetime.min.time(), UTC), NOW))
        assert found[period] == Buyers(period, "", len(first), len(first & last), len(last), len(first | last))
