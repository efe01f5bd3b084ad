"""Who is won of those who could be, against a plain walk through companies and accounts."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pytest
from tests.house import House

from lopan.analytics.business.market import Cell, Companies, Company, Market, Markets, Side, Where
from lopan.analytics.facts import Facts
from lopan.catalog.business import Retention

DAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
REACH = {"tam": 1, "sam": 2, "som": 3}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("market"))
    made.load([{"key": "1", "day": date(2026, 6, 1), "currency": "USD", "into": "EUR", "rate": 0.5}], "fx_rate")
    yield made
    made.close()


def asked(house: House, where: Where = Where(), day: date = DAY) -> Market:
    markets = partial(Markets.market, day=day, now=NOW, where=where)
    return house.ask(lambda facts: markets(Markets(facts, Retention(grace_days=0))))


def behind(
    house: House, where: Where = Where(), side: Side = "addressable", most: int = 1_000, skip: int = 0
) -> Companies:
    def work(facts: Facts) -> Coroutine[Any, Any, Companies]:
        return Markets(facts, Retention(grace_days=0)).companies(DAY, NOW, where, side, most, skip)

    return house.ask(work)


def company(name: str, **more: Any) -> dict[str, Any]:
    base = {"segment": "small", "region": "north", "reach": "sam", "valid_from": date(2026, 1, 1)}
    return {"key": name, "company": name, "value": Decimal(1_000), "currency": "EUR", **base, **more}


def contract(account: str, mrr: int = 10, **more: Any) -> dict[str, Any]:
    started = datetime(2026, 1, 1, tzinfo=UTC)
    return {"key": account, "account": account, "started": started, "mrr": Decimal(mrr), "change": "new", **more}


def loaded(
    house: House,
    companies: list[dict[str, Any]],
    contracts: list[dict[str, Any]],
    accounts: list[dict[str, Any]] | None = None,
) -> None:
    house.clear("market_account", "contract", "account")
    for fact, rows in (("market_account", companies), ("contract", contracts), ("account", accounts or [])):
        if rows:
            house.load(rows, fact)


def test_subsidiaries_count_as_their_parent(house: House) -> None:
    companies = [company("a1", parent="A", customer="x"), company("a2", parent="A", region="south"), company("b")]
    loaded(house, companies, [contract("x")])
    found = asked(house)
    assert (found.whole.won, found.whole.addressable, found.whole.penetration) == (1, 2, 0.5)
    assert {(one.segment, one.region): (one.won, one.sam) for one in found.cells} == {
        ("small", "north"): (1, 2),
        ("small", "south"): (0, 1),
    }
    assert [(one.segment, one.won, one.sam) for one in found.segments] == [("small", 1, 2)]


def test_who_was_won_outside_the_list_is_added_to_both(house: House) -> None:
    accounts = [
        {
            "key": "y",
            "account": "y",
            "parent": "Y",
            "segment": "large",
            "region": "east",
            "valid_from": date(2026, 1, 1),
        },
        {
            "key": "z",
            "account": "z",
            "parent": "Y",
            "segment": "large",
            "region": "east",
            "valid_from": date(2026, 1, 1),
        },
    ]
    loaded(
        house,
        [company("a"), company("b", reach="tam", customer="b")],
        [contract("y"), contract("z"), contract("b")],
        accounts,
    )
    found = asked(house)
    assert (found.whole.won, found.whole.addressable, found.whole.outside, found.whole.beyond) == (2, 3, 1, 1)
    assert (found.whole.tam, found.whole.sam, found.whole.som) == (2, 1, 0)
    assert found.whole.value_penetration == pytest.approx(360 / (1_000 + 360))
    assert {doubt.side for doubt in found.doubts} == {"beyond", "outside"}


def test_another_account_of_a_listed_parent_is_no_outsider(house: House) -> None:
    accounts = [{"key": name, "account": name, "parent": "P", "valid_from": date(2026, 1, 1)} for name in "xy"]
    loaded(house, [company("p", customer="x")], [contract("x"), contract("y", 40)], accounts)
    found = asked(house)
    assert (found.whole.won, found.whole.outside, found.whole.arr) == (1, 0, 600)


@pytest.mark.parametrize(
    ("more", "won"),
    [
        ({}, 1),
        ({"ended": datetime(2026, 6, 1, tzinfo=UTC)}, 0),
        ({"started": datetime(2026, 7, 1, tzinfo=UTC)}, 0),
        (None, 1),
    ],
    ids=["there", "gone", "not yet", "no contract at all"],
)
def test_won_is_who_has_a_contract(house: House, more: dict[str, Any] | None, won: int) -> None:
    loaded(house, [company("a", customer="x")], [] if more is None else [contract("x", **more)])
    assert asked(house).whole.won == won


def test_without_anything_there_is_no_market(house: House) -> None:
    loaded(house, [], [])
    found = asked(house)
    assert (found.empty, found.whole.penetration, found.cells, len(found.trend)) == (True, None, [], 12)
    assert (found.newest, found.doubts, behind(house)) == (None, [], Companies(0, []))


def test_without_a_list_customers_are_no_share_of_anything(house: House) -> None:
    loaded(house, [], [contract("x")])
    found = asked(house)
    assert (found.empty, found.whole.won, found.whole.addressable) == (False, 1, 1)
    assert (found.whole.penetration, found.whole.low, found.whole.value_penetration) == (None, None, None)
    loaded(house, [company("a", reach="tam", customer="x")], [contract("x")])
    assert (asked(house).whole.won, asked(house).whole.penetration) == (1, None)


def test_a_list_that_nobody_reviewed_for_a_year_is_doubted(house: House) -> None:
    loaded(house, [company("a", valid_from=DAY - timedelta(days=400)), company("b", valid_from=date(2024, 1, 1))], [])
    found = asked(house)
    assert found.newest == DAY - timedelta(days=400)
    assert [(doubt.count, doubt.side) for doubt in found.doubts] == [(400, "")]
    loaded(house, [company("a", valid_from=DAY - timedelta(days=365))], [])
    assert asked(house).doubts == []


def test_the_course_has_the_list_and_the_contracts_of_each_month(house: House) -> None:
    left = datetime(2026, 5, 10, tzinfo=UTC)
    companies = [company("a", customer="x"), company("b", customer="y"), company("c", valid_from=date(2026, 4, 30))]
    loaded(house, companies, [contract("x"), contract("y", ended=left)])
    found = asked(house)
    told = {one.day: (one.won, one.addressable) for one in found.trend}
    assert [*told] == sorted(told)
    assert told[date(2025, 12, 31)] == (0, 0)
    assert told[date(2026, 3, 31)] == (2, 2)
    assert told[date(2026, 4, 30)] == (2, 3)
    assert told[date(2026, 5, 31)] == (1, 3)
    assert found.trend[-1].day == DAY
    assert found.trend[0].penetration is None


def test_a_company_says_who_buys_and_who_looks_after_it(house: House) -> None:
    since = {"valid_from": date(2026, 1, 1), "segment": "small", "region": "north"}
    later = {"valid_from": date(2026, 12, 1), "owner": "too late"}
    accounts = [
        {"key": "x", "account": "x", "owner": "Ada", **since},
        {"key": "x2", "account": "x", **since, **later},
        {"key": "y", "account": "y", "name": "Yonder", "owner": "Bob", **since},
    ]
    loaded(
        house,
        [company("a1", parent="A", customer="x"), company("a2", parent="A"), company("b", value=None, customer="gone")],
        [contract("x"), contract("y", 5), contract("gone", ended=datetime(2026, 2, 1, tzinfo=UTC))],
        accounts,
    )
    shared: dict[str, Any] = {"segments": ["small"], "regions": ["north"], "unpriced": 0}
    assert behind(house).rows == [
        Company(name="A", companies=["a1", "a2"], accounts=["x"], owners=["Ada"], reach="sam", won=True, value=2_000,
                arr=120, **shared),
        Company(name="Yonder", companies=[], accounts=["y"], owners=["Bob"], reach="", won=True, value=None, arr=60,
                **shared),
        Company(name="b", companies=["b"], accounts=["gone"], owners=[], reach="sam", won=False, value=None, arr=0,
                **shared),
    ]  # fmt: skip
    assert [one.name for one in behind(house, side="open").rows] == ["b"]
    assert behind(house, most=1, skip=1) == Companies(3, behind(house).rows[1:2])
    assert behind(house, most=1, skip=3) == Companies(0, [])


def test_what_is_not_stated_is_a_part_of_its_own(house: House) -> None:
    loaded(house, [company("a", region=""), company("b"), company("c", segment="", region="")], [])
    assert asked(house).whole.tam == 3
    assert asked(house, Where(region="")).whole.tam == 2
    assert [one.name for one in behind(house, Where(segment="", region="")).rows] == ["c"]
    assert [one.name for one in behind(house, Where(segment="small", region="")).rows] == ["a"]


def test_what_can_be_chosen(house: House) -> None:
    about = {"key": "x", "account": "x", "segment": "large", "region": "east", "valid_from": date(2026, 1, 1)}
    loaded(house, [company("a"), company("b", region="")], [], [about])
    found = house.ask(lambda facts: Markets(facts, Retention()).values(9))
    assert found == {"segment": ["large", "small"], "region": ["east", "north"]}


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_equals_a_plain_walk(house: House, seed: int) -> None:
    draw = Random(seed)
    names = [f"c{number}" for number in range(30)]
    companies = []
    for number in range(80):
        since = date(2026, 1, 1) + timedelta(days=draw.randrange(200))
        companies.append(
            company(
                draw.choice(names),
                key=str(number),
                parent=draw.choice(["", "", "P", "Q"]),
                customer=draw.choice(["", "", draw.choice("abcdefgh")]),
                segment=draw.choice(["small", "large", ""]),
                region=draw.choice(["north", "south"]),
                reach=draw.choice(list(REACH)),
                value=draw.choice([None, Decimal(draw.randrange(1, 900))]),
                currency=draw.choice(["EUR", "USD", "JPY"]),
                valid_from=since,
                valid_to=draw.choice([None, since + timedelta(days=draw.randrange(200))]),
            )
        )
    contracts = [
        contract(
            account,
            draw.randrange(1, 50),
            currency=draw.choice(["EUR", "USD"]),
            ended=draw.choice([None, None, datetime(2026, 6, 1, tzinfo=UTC)]),
        )
        for account in "abcdefxyz"
    ]
    accounts = [
        {
            "key": account,
            "account": account,
            "valid_from": date(2026, 1, 1),
            "parent": draw.choice(["", "R", "S"]),
            "segment": draw.choice(["small", "large"]),
            "region": draw.choice(["north", "south"]),
        }
        for account in "abcdefgxyz"
    ]
    shuffled = draw.sample(companies, len(companies))
    loaded(house, shuffled, contracts, accounts)
    found = asked(house)
    facts = plain(companies, contracts, accounts)
    for cells, split in ((found.cells, (1, 2)), (found.segments, (1,)), (found.regions, (2,)), ([found.whole], ())):
        groups = {tuple(one[at] if at in split else "" for at in (1, 2)) for one in facts}
        assert {(one.segment, one.region) for one in cells} == groups
        for cell in cells:
            inside = [one for one in facts if all((cell.segment, cell.region)[at - 1] == one[at] for at in split)]
            check(cell, inside)
            where = Where(cell.segment if 1 in split else None, cell.region if 2 in split else None)
            if len(split) != 2 or cell.region == "north":
                check_companies(house, cell, where)
    whole = found.whole
    counts: dict[Side, int] = {"won": whole.won, "open": whole.open, "other": whole.tam - whole.sam - whole.beyond}
    counts |= {doubt.side: doubt.count for doubt in found.doubts if doubt.side and doubt.side != "unpriced"}
    assert {side: behind(house, side=side).total for side in counts} == counts


def check_companies(house: House, cell: Cell, where: Where) -> None:
    """The list behind a cell is its figures."""
    rows = behind(house, where).rows
    won = [one for one in rows if one.won]
    assert (len(rows), len(won)) == (cell.addressable, cell.won)
    assert sum(not one.reach for one in won) == cell.outside
    assert sum(one.reach == "tam" for one in won) == cell.beyond
    assert sum(one.value is None for one in rows if one.reach in ("sam", "som")) == cell.unvalued
    assert sum(one.arr for one in won) == pytest.approx(cell.arr)


def plain(
    companies: list[dict[str, Any]], contracts: list[dict[str, Any]], accounts: list[dict[str, Any]]
) -> list[tuple[str, str, str, int, bool, Decimal | None, Decimal]]:
    """(entity, segment, region, reach, won, value, revenue a year): one for a company, one for an account."""
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(companies, key=lambda row: (row["valid_from"], row["key"])):
        if row["valid_from"] <= DAY and (row["valid_to"] is None or row["valid_to"] >= DAY):
            newest[row["company"]] = row
    rates = {"EUR": Decimal(1), "USD": Decimal("0.5")}
    signed = {row["account"] for row in contracts}
    facts: list[tuple[str, str, str, int, bool, Decimal | None, Decimal]] = []
    named: dict[str, tuple[str, str, str]] = {}
    for name, row in sorted(newest.items()):
        entity = row["parent"] or name
        known = row["value"] is not None and row["currency"] in rates
        value = row["value"] * rates[row["currency"]] if known else None
        won = bool(row["customer"]) and row["customer"] not in signed
        facts.append((entity, row["segment"], row["region"], REACH[row["reach"]], won, value, Decimal(0)))
        if row["customer"]:
            named.setdefault(row["customer"], (entity, row["segment"], row["region"]))
    about = {row["account"]: row for row in accounts}
    roots: dict[str, tuple[str, tuple[str, str, str]]] = {}
    active = [row for row in contracts if row["ended"] is None]
    for name, row in sorted(newest.items()):
        if row["customer"] in {one["account"] for one in active}:
            root = about[row["customer"]]["parent"] or row["customer"]
            roots.setdefault(root, (name, (row["parent"] or name, row["segment"], row["region"])))
    for row in active:
        dim = about[row["account"]]
        root = dim["parent"] or row["account"]
        place = named.get(row["account"]) or (
            roots[root][1] if root in roots else (root, dim["segment"], dim["region"])
        )
        facts.append((*place, 0, True, Decimal(0), 12 * row["mrr"] * rates[row["currency"]]))
    return facts


def check(cell: Cell, facts: list[tuple[str, str, str, int, bool, Decimal | None, Decimal]]) -> None:
    entities: dict[str, list[Any]] = {}
    for entity, _, _, reach, won, value, arr in facts:
        known = entities.setdefault(entity, [0, False, Decimal(0), Decimal(0), True])
        known[0] = max(known[0], reach)
        known[1] = known[1] or won
        known[2] += value or 0
        known[3] += arr
        known[4] = known[4] and value is not None
    rows = entities.values()
    sam = [one for one in rows if one[0] >= 2]
    held = [one for one in rows if one[1]]
    added = [one for one in held if one[0] < 2]
    assert (cell.tam, cell.sam, cell.som) == (
        sum(one[0] > 0 for one in rows),
        len(sam),
        sum(one[0] == 3 for one in rows),
    )
    assert (cell.won, cell.addressable) == (len(held), len(sam) + len(added))
    assert cell.outside == sum(one[0] == 0 for one in held)
    assert cell.arr == pytest.approx(float(sum(one[3] for one in held)))
    value = sum(one[2] for one in sam) + sum(one[3] for one in added)
    above = sum(one[3] for one in sam if one[1] and one[4]) + sum(one[3] for one in added)
    assert cell.value == pytest.approx(float(value))
    listed = sum(one[2] for one in sam)
    assert cell.value_penetration == (pytest.approx(float(above / value)) if listed else None)
    assert cell.penetration == (pytest.approx(len(held) / cell.addressable) if sam else None)
    assert cell.won <= cell.addressable
