"""Customers, one of them, the back-test and Crashes: what each reader may see, and that the figures are there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.served import Served, served
from tests.web.conftest import Site
from tests.web.customers.conftest import EVIL
from tests.web.people import crowd

from lopan.analytics.customers.backtest import Backtest
from lopan.web.customers.board import Listing
from lopan.web.customers.crashes import Groups
from lopan.web.customers.customer import One
from lopan.web.customers.seen import Touched
from lopan.web.shape import model


def listed(site: Site, level: str = "customerSuccess", **query: str) -> dict[str, Any]:
    answer = site.server.get("/api/v1/customers", level, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_answers_fit_their_shapes(business: Site) -> None:
    model(Listing).model_validate(listed(business))
    for path, kind in (("customers/north", One), ("backtest", Backtest), ("crashes", Groups), ("impact", Touched)):
        level = "technical" if path in ("crashes", "impact") else "customerSuccess"
        answer = business.server.get(f"/api/v1/{path}", level)
        model(kind).model_validate(answer.json())


def test_most_urgent_customer_comes_first_with_its_reason(business: Site) -> None:
    found = listed(business)
    north, south = found["customers"]

    assert (north["id"], south["id"], found["strangers"]) == ("north", "south", 1)
    assert north["health"]["colour"] == "watch"
    assert north["reason"].startswith("newly connected: ")
    assert north["reason"].endswith("8 of 10 seats active, now 2 of 10 seats active")
    shifts = sum(round(10 * shift["delta"]) for shift in north["change"]["shifts"])
    assert shifts == round(10 * north["change"]["delta"])
    assert (north["waiting"], north["breaches"], south["start"]["age"], south["unused"]) == (1, 1, 29, ["stock"])
    assert [found["views"][name] for name in ("all", "renewals", "onboarding", "answers", "breaches")] == [
        2,
        1,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        pytest.param({"view": "onboarding"}, ["south"], id="view"),
        pytest.param({"q": "NORTH"}, ["north"], id="words"),
        pytest.param({"owner": "Ada"}, ["north"], id="owner"),
        pytest.param({"sort": "name"}, ["north", "south"], id="by name"),
        pytest.param({"q": "nobody"}, [], id="nobody"),
        pytest.param({"to": "2020-01-01"}, [], id="before anything was known"),
    ],
)
def test_list_is_narrowed_and_sorted(business: Site, query: dict[str, str], ids: list[str]) -> None:
    assert [one["id"] for one in listed(business, **query)["customers"]] == ids


@pytest.mark.parametrize("query", [{"view": "x"}, {"sort": "x"}, {"page": "0"}, {"to": "yesterday"}, {"q": "x" * 201}])
def test_what_makes_no_sense_is_refused(business: Site, query: dict[str, str]) -> None:
    assert business.server.get("/api/v1/customers", "customerSuccess", **query).status_code == 400


CUSTOMERS = (
    "/customers",
    "/customers/north",
    "/customers/backtest",
    "/customers/list.csv",
    "/customers/north/score.csv",
)
APIS = ("/api/v1/customers", "/api/v1/customers/north", "/api/v1/backtest")
CRASHES = ("/crashes", "/crashes/groups.csv", "/api/v1/crashes", "/api/v1/impact")


@pytest.mark.parametrize("level", ["executive", "operational", "technical", "customerSuccess"])
@pytest.mark.parametrize("address", [*CUSTOMERS, *APIS, *CRASHES])
def test_only_who_may_see_it_is_answered(business: Site, level: str, address: str) -> None:
    allowed = "technical" if address in CRASHES else "customerSuccess"
    assert crowd.status(business, level, address) == (200 if level == allowed else 403)


def test_money_names_and_contacts_are_for_those_who_may_see_them(business: Site) -> None:
    plain, both = listed(business), listed(business, "both")
    assert [one["mrr"] for one in plain["customers"]] == [None, None]
    assert (plain["summary"]["mrr"], both["summary"]["mrr"]) == (None, 1000.0)
    assert all(one["account"]["contact"] == "" for one in both["customers"])
    assert business.server.get("/api/v1/customers", "customerSuccess", sort="mrr").status_code == 403
    with business.signed_in("customerSuccess") as client:
        text = client.get("/customers/north").text
    assert "it@north.example" in text
    assert "900 EUR" not in text

    touched = business.server.get("/api/v1/impact", "technical", **{"from": "-7d"}).json()
    assert (touched["customers"], touched["names"], touched["mrr"], touched["runs"]) == (2, None, None, 1)
    touched = business.server.get("/api/v1/impact", "both", **{"from": "-7d"}).json()
    assert (touched["names"], touched["mrr"], touched["unpriced"]) == (["north", "west"], 900.0, 1)


def test_group_that_interrupted_a_workflow_is_told_with_it(business: Site) -> None:
    groups = business.server.get("/api/v1/crashes", "both").json()["groups"]
    evil = next(one for one in groups if one["exception"] == EVIL)

    alone = business.server.get("/api/v1/impact", "both", group=evil["id"], **{"from": "-7d"}).json()
    assert {name: alone[name] for name in ("hits", "people", "customers", "interrupted")} == {
        "hits": 1, "people": 1, "customers": 1, "interrupted": {"order": 1}
    }  # fmt: skip
    assert EVIL not in business.server.get(f"/crashes/{evil['id']}", "technical").text
    assert business.server.get("/crashes/0123456789abcdef", "technical").status_code == 404


def test_file_holds_the_parts_of_the_score(business: Site) -> None:
    text = business.server.get("/customers/list.csv", "customerSuccess").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))

    assert [row["customer"] for row in rows] == ["north", "south"]
    parts = [float(rows[0][f"{name}_contribution"]) for name in ("usage", "satisfaction", "adoption", "support")]
    assert sum(parts) == pytest.approx(float(rows[0]["score"]))
    assert "mrr" not in rows[0]


def test_playbook_of_advice_is_for_customer_success(business: Site) -> None:
    assert crowd.status(business, "customerSuccess", "/playbooks/support-trouble") == 200
    assert crowd.status(business, "technical", "/playbooks/support-trouble") == 403


def test_customer_without_a_contract_is_not_found(business: Site) -> None:
    answer = business.server.get("/api/v1/customers/west", "customerSuccess")
    assert (answer.status_code, answer.json()["place"]) == (404, "customer")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("fresh")) as server:
        yield server


@pytest.mark.parametrize(
    ("page", "level", "said"),
    [
        ("/customers", "customerSuccess", "Nothing yet"),
        ("/customers/backtest", "customerSuccess", "insufficient"),
        ("/customers/time-to-value", "executive", "No workflow says what value is"),
        ("/crashes", "technical", "No crash in this range"),
    ],
)
def test_page_stands_without_any_data(fresh: Served, page: str, level: str, said: str) -> None:
    answer = fresh.get(page, level)
    assert (answer.status_code, said in answer.text) == (200, True)


@pytest.mark.parametrize("name", ["time_to_value", "value_by_day_90"])
def test_time_to_value_has_no_data_where_there_is_nothing(fresh: Served, name: str) -> None:
    found = fresh.get(f"/api/v1/metrics/{name}", "customerSuccess", **{"from": "-30d"}).json()
    assert (found["value"], found["n"], found["status"]) == (None, 0, "no data")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize("address", ["/customers", "/customers/north", "/customers/backtest", "/crashes"])
def test_page_fits_and_axe_finds_nothing_serious(
    manager: Page, business: Site, address: str, width: int, scheme: Any
) -> None:
    manager.set_viewport_size({"width": width, "height": 900})
    manager.emulate_media(color_scheme=scheme)
    manager.goto(f"{business.url}{address}")

    assert manager.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(manager) == []


@pytest.mark.browser
def test_from_the_list_to_a_customer_by_keyboard(manager: Page, business: Site) -> None:
    manager.goto(f"{business.url}/customers")
    expect(manager.locator(".page-head")).to_contain_text("2 accounts, 12k EUR a year")
    manager.get_by_label("Segment").or_(manager.get_by_label("Owner")).first.select_option("Ada")
    expect(manager.locator(".book tbody tr")).to_have_count(1)
    manager.get_by_role("link", name="Renewals in 90 days").press("Enter")
    expect(manager).to_have_url(f"{business.url}/customers?owner=Ada&view=renewals")
    manager.locator(".book tbody th a").first.press("Enter")

    expect(manager.get_by_role("heading", level=1)).to_have_text(f"North {EVIL}")
    expect(manager.locator("#chart-score canvas")).to_be_visible()
    expect(manager.locator(".score-parts tfoot")).to_contain_text("Score")
    expect(manager.locator(".timeline")).to_contain_text("critical ticket T1, open")
