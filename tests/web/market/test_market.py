"""The Market page as those get it who may see revenue: figures, cells, the companies behind them, files, the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.house import House
from tests.served import Served, read_by
from tests.web.conftest import PASSWORD
from tests.web.people.crowd import signed_in, violations
from tests.web.test_live import parsed

from lopan.control import tokens
from lopan.control.database import open_database

NOW = datetime.now(UTC)
SINCE = (NOW - timedelta(days=100)).date()
READER = "chief@example.org"
EVIL = "<b>Odd</b> & Sons"


def company(name: str, segment: str = "large", region: str = "north", **more: Any) -> dict[str, Any]:
    shared = {"segment": segment, "region": region, "reach": "sam", "valid_from": SINCE, "currency": "EUR"}
    return {"key": name, "company": name, "value": Decimal(10_000), **shared, **more}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """40 large companies in the north, 4 of them won; 3 small ones in the south, 1 of them won, and one not listed."""
    root = tmp_path_factory.mktemp("market")
    house = House(root)
    companies = [company(f"L{at:02}", customer=f"c{at}" if at < 4 else "") for at in range(39)]
    companies += [company(EVIL), company("later", valid_from=(NOW - timedelta(days=2)).date(), reach="tam")]
    companies += [company(f"S{at}", "small", "south", customer="c9" if at == 0 else "") for at in range(3)]
    house.load([{"parent": "", **one} for one in companies], "market_account")
    signed = {"started": NOW - timedelta(days=90), "currency": "EUR", "change": "new", "mrr": Decimal(100)}
    house.load([{"key": name, "account": name, **signed} for name in ("c0", "c1", "c2", "c3", "c9", "new")], "contract")
    about = {"valid_from": SINCE, "owner": "Ada", "segment": "small", "region": "south"}
    house.load([{"key": "new", "account": "new", "name": "Newcomer", **about}], "account")
    house.close()
    with read_by(root, READER, PASSWORD, ["executive"]) as server:
        engine = open_database(root)
        server.tokens["writer"] = tokens.create(engine, [], "writer", feeds=True)
        engine.dispose()
        yield server


def get(served: Served, address: str, level: str = "executive") -> httpx.Response:
    return served.get(address, level)


def test_the_page_has_every_part(served: Served) -> None:
    page = get(served, "/market")
    assert page.status_code == 200
    for text in ("6 of 44 addressable", "13.6", "4 of 40", "2 of 4, 15 to 85 %", "not on the list", "TAM", "Newcomer"):
        assert (text in page.text) is (text != "Newcomer"), text


def test_cells_add_up_in_the_api(served: Served) -> None:
    found = get(served, "/api/v1/market").json()
    market = found["market"]
    assert (market["whole"]["won"], market["whole"]["addressable"], market["whole"]["outside"]) == (6, 44, 1)
    assert market["whole"]["tam"] >= market["whole"]["sam"] >= market["whole"]["som"]
    assert {(one["segment"], one["region"]): one["won"] for one in market["cells"]} == {
        ("large", "north"): 4,
        ("small", "south"): 2,
    }
    assert market["whole"]["arr"] == 7_200
    assert len(market["trend"]) == 12
    assert found["definitions"]["market_penetration"].startswith("100 x parent companies won")
    metric = get(served, "/api/v1/metrics/market_penetration?from=-30d&by=segment").json()
    assert (metric["value"], metric["n"]) == (pytest.approx(100 * 6 / 44), 44)
    assert {group["key"]: group["n"] for group in metric["groups"]} == {"large": 40, "small": 4}
    value = get(served, "/api/v1/metrics/market_penetration_value?from=-30d").json()["value"]
    assert value == pytest.approx(100 * 7_200 / (43 * 10_000 + 1_200))


def test_the_companies_behind_a_cell(served: Served) -> None:
    cell = get(served, "/api/v1/market/companies?segment=small&region=south").json()
    assert (cell["total"], cell["pages"]) == (4, 1)
    assert [(one["name"], one["won"], one["reach"], one["owners"]) for one in cell["companies"]] == [
        ("S0", True, "sam", []),
        ("S1", False, "sam", []),
        ("S2", False, "sam", []),
        ("Newcomer", True, "", ["Ada"]),
    ]
    page = get(served, "/market/companies?side=open")
    assert "&lt;b&gt;Odd&lt;/b&gt; &amp; Sons" in page.text
    assert EVIL not in page.text
    assert "There is no such page" in get(served, "/market/companies?page=9").text
    assert get(served, "/api/v1/market/companies?segment=").json()["total"] == 0
    assert len(get(served, "/market/companies.csv?side=won").text.splitlines()) == 7


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/api/v1/market?day=soon", "day"),
        ("/api/v1/market?known=1969-01-01", "known"),
        ("/api/v1/market/companies?side=ours", "side"),
        ("/api/v1/market/companies?page=0", "page"),
        ("/api/v1/market?segment=" + "x" * 201, "segment"),
    ],
)
def test_what_can_not_be_read_is_refused_by_name(served: Served, address: str, place: str) -> None:
    refused = get(served, address)
    assert (refused.status_code, refused.json()["place"]) == (400, place)


def test_days_and_what_was_known(served: Served) -> None:
    before = get(served, f"/api/v1/market?day={SINCE}").json()["market"]
    assert (before["whole"]["won"], before["whole"]["tam"]) == (0, 43)
    known = get(served, f"/market?known={SINCE}").text
    assert "Nobody matches" in known
    assert "as it was known at the end of" in known
    assert get(served, "/api/v1/market?day=2199-01-01").json()["market"]["day"] == datetime.now(UTC).date().isoformat()
    assert "Nobody matches" in get(served, "/market?segment=nowhere").text


@pytest.mark.parametrize("name", ["cells", "trend", "doubts"])
def test_every_table_is_a_file(served: Served, name: str) -> None:
    assert len(get(served, f"/market/{name}.csv").text.splitlines()) >= 2
    assert get(served, f"/market/{name}.parquet").content[:4] == b"PAR1"


@pytest.mark.parametrize("level", ["operational", "technical", "customerSuccess"])
@pytest.mark.parametrize(
    "address",
    ["/market", "/market/cells.csv", "/market/companies", "/market/companies.csv", "/live/market", "/api/v1/market",
     "/api/v1/market/companies", "/api/v1/metrics/market_penetration"],
)  # fmt: skip
def test_it_is_for_those_who_may_see_revenue(served: Served, level: str, address: str) -> None:
    assert get(served, address, level).status_code == 403


def test_a_new_contract_shows_at_once(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.tokens['executive']}"}
    with httpx.stream("GET", f"{served.url}/live/market?segment=large", headers=headers, timeout=60) as answer:
        told = parsed(answer)
        name, first = next(told)
        assert (name, "4 of 40" in first["fragments"]["matrix"]) == ("update", True)
        signed = {"key": "c50", "account": "late", "started": NOW.isoformat(), "mrr": "9"}
        named = {"key": "L38", "company": "L38", "segment": "large", "region": "north", "reach": "sam"}
        for fact, row in (("contract", signed), ("market_account", named | {"customer": "late"})):
            body = [row | ({"valid_from": SINCE.isoformat()} if fact == "market_account" else {})]
            written = {"Authorization": f"Bearer {served.tokens['writer']}"}
            taken = httpx.post(f"{served.url}/v1/facts/{fact}?source=test", json=body, headers=written, timeout=30)
            assert taken.json()["rejected"] == []
        for name, update in told:
            if name == "update" and "5 of 40" in update["fragments"].get("matrix", ""):
                break


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_it_can_be_read_by_everyone(
    browser: Browser, served: Served, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    signed_in(page, served.url, READER)
    for address in ("/market", "/market/companies"):
        page.goto(f"{served.url}{address}")
        if address == "/market":
            page.wait_for_selector(".plot canvas")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
        assert violations(page) == []
    page.goto(f"{served.url}/market")
    page.locator("#filter-region").select_option("south")
    page.wait_for_url("**region=south**")
    page.get_by_role("link", name="2 of 4", exact=False).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("outh")
    expect(page.get_by_role("rowheader", name="Newcomer")).to_be_visible()
    assert heard == []
    context.close()
