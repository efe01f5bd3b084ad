"""The ROI page from facts and an approved baseline: the check case of the definitions, access, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
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

from lopan.analytics.business.freeze import frozen
from lopan.analytics.business.ledger import Ledger, Scope
from lopan.analytics.calendar import Dates
from lopan.analytics.facts import Facts
from lopan.control import baselines
from lopan.control.baselines import Frozen
from lopan.web.business.roi_answer import Answer
from lopan.web.shape import model

READER = "chief@example.org"
TODAY = datetime.now(UTC).date()
BEGUN = (TODAY - timedelta(days=75)).replace(day=1)
BEFORE = Dates(BEGUN - timedelta(days=40), BEGUN - timedelta(days=1))
SETTINGS = "[business.targets]\nroi_net = 50.0\n"


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def checked(house: House) -> None:
    """H1 = 10,000 h at 30 EUR, P0 = 4.0, P1 = 4.6, quality 12,000, inventory 5,500, cost 25,000."""
    house.clock.move((datetime.now(UTC) - house.clock.now()).total_seconds())
    hours = {"site": "Kiel", "rate": Decimal(30), "currency": "EUR"}
    house.load(
        [
            {**hours, "key": "then", "started": noon(BEFORE.last), "paid_hours": 1_000.0, "earned_hours": 4_000.0},
            {**hours, "key": "now", "started": noon(BEGUN), "paid_hours": 10_000.0, "earned_hours": 46_000.0},
        ],
        "labour",
    )
    spent = [("implementation", 15_000), ("subscription", 6_000), ("training", 1_000), ("internal", 3_000)]
    house.load(
        [{"key": kind, "day": BEGUN, "type": kind, "amount": Decimal(amount)} for kind, amount in spent],
        "rollout_cost",
    )
    saved: list[dict[str, Any]] = [
        {"key": "1", "day": BEGUN, "line": "quality", "amount": Decimal(12_000), "hard": 1},
        {"key": "2", "day": BEGUN, "line": "inventory", "amount": Decimal(5_500)},
    ]
    house.load(saved, "saving")
    house.load([{"key": "Kiel", "site": "Kiel", "timezone": "Europe/Berlin"}], "site")


def approved(house: House) -> None:
    """As people do it: one freezes what facts say, another one approves."""

    async def ask(facts: Facts) -> Frozen:
        return await frozen(Ledger(facts), BEFORE, Scope(TODAY))

    made = baselines.freeze(house.engine, BEFORE.first, BEFORE.last, "EUR", house.ask(ask), "ann@example.org", "<b>")
    baselines.approve(house.engine, made.version, "ben@example.org")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("roi")
    house = House(root)
    checked(house)
    approved(house)
    house.close()
    with read_by(root, READER, PASSWORD, ["executive"], SETTINGS) as server:
        yield server


def get(served: Served, address: str, level: str = "executive") -> httpx.Response:
    return served.get(address, level)


def test_the_check_case_is_what_the_api_says(served: Served) -> None:
    found = get(served, "/api/v1/roi").json()
    model(Answer).model_validate(found)
    low, base, high = found["outcomes"]
    assert (base["benefit"], base["cost"]) == (pytest.approx(40_000), 25_000)
    assert base["roi_net"] == {"value": pytest.approx(60), "unit": "%"}
    assert base["benefit_cost_ratio"] == {"value": pytest.approx(1.6), "unit": ""}
    assert base["roi_hard"]["value"] == pytest.approx(-52)
    assert [one["roi_net"]["value"] for one in (low, high)] == [pytest.approx(24), pytest.approx(96)]
    assert found["growth"] == {"value": pytest.approx(15), "unit": "%"}
    assert (found["hours"], found["rate"], found["hours_n"]) == (10_000, 30, 1)
    assert {one["line"]: (one["base"], one["kind"]) for one in found["savings"]} == {
        "labour": (pytest.approx(22_500), "soft"),
        "inventory": (5_500, "soft"),
        "quality": (12_000, "hard"),
        "downtime": (0, ""),
        "other": (0, ""),
    }
    assert {one["line"]: one["why"] for one in found["savings"] if not one["known"]} == {
        "inventory": "the baseline holds no stock",
        "quality": "the baseline holds no work orders",
    }
    assert {one["type"]: one["once"] for one in found["costs"]} == {
        "implementation": True, "internal": False, "subscription": False, "training": True
    }  # fmt: skip
    assert (found["first"], found["last"]) == (BEGUN.isoformat(), TODAY.isoformat())
    assert (found["baseline"]["frozen_by"], found["baseline"]["approved_by"]) == ("ann@example.org", "ben@example.org")
    assert BEGUN <= date.fromisoformat(base["payback"]["day"]) < (BEGUN + timedelta(days=32)).replace(day=1)
    months = found["months"]
    assert (months[-1]["benefit_so_far"], months[-1]["cost_so_far"]) == (pytest.approx(40_000), 25_000)
    assert [one["provisional"] for one in months] == [one["last"] > found["closed"] for one in months]


@pytest.mark.parametrize(
    ("name", "value"),
    [("roi_net", 60), ("roi_hard", -52), ("benefit_cost_ratio", 1.6), ("payback_projected_months", None)],
)
def test_the_figures_of_the_catalog_say_the_same(served: Served, name: str, value: float | None) -> None:
    found = get(served, f"/api/v1/metrics/{name}?from=-7d&by=site").json()
    assert found["value"] == (value if value is None else pytest.approx(value))
    assert found["n"] == 7
    assert found["provisional"]


def test_the_page_names_every_part(served: Served) -> None:
    page = get(served, "/business/roi").text
    for said in (
        "60.0", "24.0 % to 96.0 %", "target ≥ 50 %", "22,500", "cash alone: 12,000 of 40,000 EUR", "1.60", "15.0",
        "paid back", "ben@example.org", "&lt;b&gt;", "not computed: the baseline holds no stock",
        "100 x (benefit - cost) / cost", "Provisional from", "n 7",
    ):  # fmt: skip
        assert said in page, said
    assert "<b>," not in page
    assert "data-empty" not in page


def test_payback_and_hard_return_stand_on_the_first_tile_of_the_executive(served: Served) -> None:
    page = get(served, "/overview/executive").text
    tile = page[page.index('id="card-roi_net"') :]
    tile = tile[: tile.index("</article>")]
    for said in ("60.0", "Net ROI, hard only", "−52.0 %", "Payback", " months"):
        assert said in tile
    assert "Payback, projected" not in tile


def test_a_site_has_its_own_part_and_none_of_what_belongs_to_all(served: Served) -> None:
    found = get(served, "/api/v1/roi?site=Kiel").json()
    assert found["outcomes"][1]["benefit"] == pytest.approx(22_500)
    assert found["outcomes"][1]["roi_net"]["value"] is None
    told = {one["what"]: (one["amount"], one["money"]) for one in found["doubts"]}
    assert told["of roll-out cost name no site and count for all sites together only"] == (25_000, True)
    assert told["of booked savings name no site and count for all sites together only"] == (17_500, True)
    assert "No roll-out cost is known of these days and this site." in get(served, "/business/roi?site=Kiel").text


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("from=soon", "from"),
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("known=1850-01-01", "known"),
        ("from=1999-01-01", "from"),
    ],
)
def test_wrong_days_are_refused_by_name(served: Served, address: str, place: str) -> None:
    answer = get(served, f"/api/v1/roi?{address}")
    assert (answer.status_code, answer.json()["place"]) == (400, place)
    assert get(served, f"/business/roi?{address}").status_code == 400


def test_an_earlier_day_and_other_days(served: Served) -> None:
    before = (TODAY - timedelta(days=3)).isoformat()
    assert "Nothing matches these filters" in get(served, f"/business/roi?known={before}").text
    after = (BEGUN + timedelta(days=5)).isoformat()
    found = get(served, f"/api/v1/roi?from={after}").json()
    assert {one["what"]: one["amount"] for one in found["doubts"]}[
        "of roll-out cost lie before the window and are left out"
    ] == 25_000


@pytest.mark.parametrize("level", ["operational", "technical", "customerSuccess"])
def test_who_may_not_see_the_return_is_told(served: Served, level: str) -> None:
    for address in ("/business/roi", "/business/roi/savings.csv", "/api/v1/roi", "/api/v1/metrics/roi_net"):
        answer = get(served, address, level)
        assert answer.status_code == 403, address
        assert "businessROI" in answer.text


@pytest.mark.parametrize("name", ["outcomes", "savings", "costs", "months"])
def test_every_table_is_a_file(served: Served, name: str) -> None:
    lines = get(served, f"/business/roi/{name}.csv").text.splitlines()
    assert len(lines) >= 4
    assert f",{BEGUN.isoformat()},{TODAY.isoformat()},EUR,1," in lines[1]
    assert get(served, f"/business/roi/{name}.parquet").content[:4] == b"PAR1"


def test_the_stream_tells_what_another_saving_changes(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.tokens['executive']}"}
    with httpx.stream("GET", f"{served.url}/live/business/roi", headers=headers, timeout=60) as answer:
        messages = parsed(answer)
        name, first = next(messages)
    assert name == "update"
    assert {"card-roi_net", "verdict", "savings", "costs", "course", "doubts"} <= set(first["fragments"])


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
    page.goto(f"{served.url}/business/roi")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert page.locator(".nav a[aria-current]").all_inner_texts() == ["ROI"]
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Export benefit and cost so far").click()
        page.get_by_role("button", name="PNG, light").locator("visible=true").click()
    assert download.value.suggested_filename == "lopan-panel-months.png"
    page.get_by_label("Site").select_option("Kiel")
    expect(page.get_by_text("No roll-out cost is known of these days and this site.")).to_be_visible()
    assert heard == []
    context.close()
