"""The Business page as people of each level get it, with its files, filters and the day as of which it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser
from tests.house import House
from tests.served import Served, read_by
from tests.web.conftest import PASSWORD
from tests.web.people.crowd import signed_in, violations
from tests.web.test_live import parsed

NOW = datetime.now(UTC)
READER = "shift@example.org"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("business")
    house = House(root)
    day = timedelta(days=1)
    shift = {"site": "Kiel", "kind": "shift"}
    begun = [NOW - day * one for one in range(1, 4)]
    house.load([{"key": str(at), **shift, "started": at, "ended": at + day / 3} for at in begun], "shift")
    states = [
        {"key": "made", "started": NOW - day * 2, "ended": NOW - day * 2 + day / 4, "state": "production",
         "good": 90.0, "scrap": 2.0, "ideal_cycle_s": 200.0},
        {"key": "down", "started": NOW - day, "ended": None, "state": "down", "reason": "<b>jam</b>"},
    ]  # fmt: skip
    house.load([{"work_unit": "Saw", "site": "Kiel", **state} for state in states], "work_unit_state")
    house.load(
        [{"key": str(one), "order": str(one), "customer": "North", "first_promised": NOW - day * 3,
          "delivered": NOW - day * (4 if one % 4 else 2)} for one in range(40)],
        "order_line",
    )  # fmt: skip
    order = {"order": "WO-7", "site": "Kiel", "product": "P", "ordered": 100.0, "good": 10.0, "status": "running"}
    times = {"planned_start": NOW - day * 2, "planned_end": NOW + day, "started": NOW - day * 2, "due": NOW + day / 8}
    house.load([{"key": "w", **order, **times}], "work_order")
    house.load(
        [{"key": "t", "ticket": "1", "event": "opened", "at": NOW - day * 5, "priority": "high"}], "ticket_event"
    )
    house.close()
    with read_by(root, READER, PASSWORD, ["operational"]) as server:
        yield server


def get(served: Served, address: str, level: str = "operational") -> httpx.Response:
    return served.get(address, level)


def test_what_is_late_lost_and_waiting_is_on_the_page(served: Served) -> None:
    page = get(served, "/business")
    assert page.status_code == 200
    for text in (
        "On-time delivery",
        "75.0",
        "&lt;b&gt;jam&lt;/b&gt;",
        "WO-7",
        "too slow",
        "Behind plan",
        "3 to 7 days",
    ):
        assert text in page.text
    assert "<b>jam</b>" not in page.text


@pytest.mark.parametrize(
    ("level", "shown", "hidden"),
    [
        pytest.param("executive", "card-oee", "card-order_accuracy", id="executive"),
        pytest.param("customerSuccess", "card-issue_resolution_time", "card-oee", id="customerSuccess"),
    ],
)
def test_a_level_sees_its_groups_alone(served: Served, level: str, shown: str, hidden: str) -> None:
    page = get(served, "/business", level).text
    assert shown in page
    assert hidden not in page
    assert "Where planned time went" not in page
    assert get(served, "/business/waterfall.csv", level).status_code == 403


def test_who_may_see_nothing_of_it_is_told(served: Served) -> None:
    assert get(served, "/business", "technical").status_code == 403
    assert get(served, "/api/v1/metrics/oee", "technical").status_code == 403


@pytest.mark.parametrize("name", ["figures", "waterfall", "downtime", "orders", "tickets"])
def test_every_table_is_a_file(served: Served, name: str) -> None:
    assert len(get(served, f"/business/{name}.csv").text.splitlines()) >= 2
    assert get(served, f"/business/{name}.parquet").content[:4] == b"PAR1"


def test_an_update_of_the_figures_leaves_what_is_late_in_the_verdict(served: Served) -> None:
    assert "1 order behind plan." in get(served, "/business?product=P").text
    headers = {"Authorization": f"Bearer {served.tokens['operational']}"}
    with httpx.stream("GET", f"{served.url}/live/business?product=P", headers=headers, timeout=60) as answer:
        name, first = next(parsed(answer))
    assert name == "update"
    assert "card-on_time_delivery" in first["fragments"]
    assert "verdict" not in first["fragments"]


def test_filters_narrow_and_say_what_they_leave_out(served: Served) -> None:
    page = get(served, "/business?customer=North").text
    assert "Not known by these filters" in page
    assert "card-oee" not in page
    known = (NOW - timedelta(days=30)).date().isoformat()
    assert "Nothing matches these filters" in get(served, f"/business?known={known}").text
    assert get(served, "/business?known=soon").status_code == 400


def test_the_api_gives_figures_of_facts(served: Served) -> None:
    found = get(served, "/api/v1/metrics/on_time_delivery?from=-30d&by=customer&customer=North&bucket=week").json()
    assert (found["value"], found["n"], found["step"], found["provisional"]) == (75, 40, 604_800, False)
    assert [group["key"] for group in found["groups"]] == ["North"]
    refused = get(served, "/api/v1/metrics/oee?customer=North")
    assert (refused.status_code, refused.json()["place"]) == (400, "customer")


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
    page.goto(f"{served.url}/business")
    page.wait_for_selector(".plot canvas")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert violations(page) == []
    assert heard == []
    context.close()
