"""The page Time to value: its figures are the estimate over the accounts sent in, each reader sees what it may."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.served import Served, served
from tests.web.conftest import PASSWORD, Site
from tests.web.people import crowd

from lopan.analytics.business.survival import Wait, survival
from lopan.control import tokens, users
from lopan.control.database import open_database
from lopan.web.customers.timetovalue import Answer
from lopan.web.shape import model

COUNT = 36
EVIL = '<img src=x onerror="alert(1)">'
NOW = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0)
PRODUCT = '[[workflow]]\nid = "order"\nsteps = ["open", "send"]\n'


def day(back: float) -> datetime:
    return NOW - timedelta(days=back)


def began(number: int) -> int:
    """Days ago."""
    return 230 - 6 * number


def waited(number: int) -> int | None:
    """Days to the first value; None = not yet."""
    days = 4 + number * 13 % 47 + (30 if number % 3 else 0)
    return days if number % 7 != 6 and days < began(number) else None


def left(number: int) -> int | None:
    """Days after which the contract of one that is not there yet was over."""
    return 50 if number in (6, 20) else None


def expected() -> list[Wait]:
    """The days of every account up to yesterday; a contract that is over at one in the night had that day, too."""
    waits = []
    for number in range(COUNT):
        days, over = waited(number), left(number)
        waits.append(Wait(over or began(number) - 1, False) if days is None else Wait(days, True))
    return waits


def events() -> list[dict[str, Any]]:
    run = {"type": "workflow", "workflow": "order", "step": "send"}
    made: list[dict[str, Any]] = [{**run, "step": "open", "user": "z", "time": day(240).isoformat()}]
    for number in range(COUNT):
        days = waited(number)
        if days is not None:
            at = day(began(number) - days)
            for one in range(5):
                who = {"customer": f"c{number:02}", "user": f"u{number}-{one % 2}", "instance": f"{number}-{one}"}
                made.append({**run, **who, "time": (at + timedelta(minutes=one)).isoformat()})
    return made


def facts() -> dict[str, list[dict[str, Any]]]:
    contracts, accounts = [], []
    for number in range(COUNT):
        over, name = left(number), f"c{number:02}"
        ended = {"ended": day(began(number) - over).isoformat()} if over else {}
        started = day(began(number)).isoformat()
        contracts.append({"key": name, "account": name, "started": started, "seats": 5, "mrr": "100", **ended})
        told = {"segment": "large" if number % 3 == 0 else "small", "region": "north" if number % 2 else "south"}
        title = f"Customer {number} {EVIL if number == 34 else ''}".strip()
        accounts.append(
            {"key": name, "account": name, "name": title, "owner": "Ada", "valid_from": started[:10], **told}
        )
    old = {"key": "old", "account": "old", "started": day(300).isoformat(), "seats": 5, "mrr": "100"}
    return {"contract": [*contracts, old], "account": accounts}


def fill(root: Path, server: Served) -> None:
    """People, tokens, events and facts; ends when all of them are counted."""
    engine = open_database(root)
    users.add(engine, "both@example.org", PASSWORD, ["customerSuccess", "executive"])
    writer = tokens.create(engine, [], "writer", feeds=True)
    engine.dispose()
    server.send(events())
    for fact, rows in facts().items():
        headers = {"Authorization": f"Bearer {writer}"}
        address = f"{server.url}/v1/facts/{fact}?source=crm"
        answer = httpx.post(address, json=rows, headers=headers, timeout=30)
        assert answer.json()["rejected"] == [], answer.text
    deadline = time.monotonic() + 30
    there = sum(one.reached for one in expected())
    while server.get("/api/v1/time-to-value", "customerSuccess").json()["whole"]["reached"] < there:
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("young")
    (root / "lopan.d" / "product").mkdir(parents=True)
    (root / "lopan.d" / "product" / "app.toml").write_text(PRODUCT, encoding="utf-8")
    with served(root, "[ingest]\noldest_days = 365\n") as server:
        fill(root, server)
        yield Site(server)


def asked(site: Site, level: str = "customerSuccess", **query: str) -> dict[str, Any]:
    answer = site.server.get("/api/v1/time-to-value", level, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_figures_are_the_estimate_over_the_accounts(young: Site) -> None:
    found = asked(young, by="segment")
    model(Answer).model_validate(found)
    known = survival(expected())

    whole = found["whole"]
    assert (whole["n"], whole["reached"], whole["left"], found["early"]) == (COUNT, known.reached, 2, 1)
    assert (whole["median"], whole["median_low"], whole["median_high"]) == (
        known.median, known.median_low, known.median_high
    )  # fmt: skip
    assert [(step["day"], step["at_risk"]) for step in whole["steps"]] == [
        (step.day, step.at_risk) for step in known.steps
    ]
    for mark in whole["marks"]:
        step = known.by(mark["day"])
        assert step is not None
        assert (mark["share"], mark["low"], mark["high"]) == pytest.approx((step.share, step.low, step.high))
    assert {one["key"]: one["n"] for one in found["groups"]} == {"small": 24, "large": 12}
    assert asked(young, segment="large")["whole"]["n"] == 12
    assert asked(young, days="90")["whole"]["n"] < COUNT


def test_kpis_and_the_page_of_a_customer_agree(young: Site) -> None:
    whole = asked(young)["whole"]
    kpi = young.server.get("/api/v1/metrics/time_to_value", "customerSuccess", **{"from": "-30d"}).json()
    share = young.server.get("/api/v1/metrics/value_by_day_90", "customerSuccess", **{"from": "-30d"}).json()
    assert (kpi["value"], kpi["n"], kpi["unit"]) == (whole["median"], COUNT, "d")
    assert share["value"] == pytest.approx(100 * whole["marks"][-1]["share"])
    for number in (0, 1, 34):
        detail = young.server.get(f"/api/v1/customers/c{number:02}", "customerSuccess").json()["detail"]
        days = waited(number)
        assert detail["value"]["state"] == ("waiting" if days is None else "reached")
        assert detail["value"]["days"] == (began(number) - 1 if days is None else days)
    assert f"value on day {waited(0)}, in the week of" in young.server.get("/customers/c00", "customerSuccess").text


def test_who_is_on_the_way_is_for_customer_success(young: Site) -> None:
    names = {f"c{number:02}" for number in range(COUNT) if waited(number) is None and left(number) is None}
    found = asked(young)["waiting"]
    assert {one["account"] for one in found} == names
    assert [one["days"] for one in found] == sorted((one["days"] for one in found), reverse=True)
    assert asked(young, "executive")["waiting"] is None
    pages = {
        level: young.server.get("/customers/time-to-value", level).text for level in ("customerSuccess", "executive")
    }
    assert {level: "On the way</h2>" in text for level, text in pages.items()} == {
        "customerSuccess": True, "executive": False
    }  # fmt: skip
    assert EVIL not in pages["customerSuccess"]
    assert crowd.status(young, "executive", "/customers/time-to-value/groups.csv") == 200
    assert crowd.status(young, "executive", "/customers/time-to-value/waiting.csv") == 403


@pytest.mark.parametrize(("name", "rows"), [("curve", None), ("groups", 3), ("waiting", 7)])
def test_files(young: Site, name: str, rows: int | None) -> None:
    answer = young.server.get(f"/customers/time-to-value/{name}.csv", "customerSuccess", by="segment")
    found = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(found) == rows or rows is None
    assert found[0]["as_of"] == (NOW - timedelta(days=1)).date().isoformat()


@pytest.mark.parametrize(
    "query",
    [{"by": "owner"}, {"days": "0"}, {"days": "x"}, {"from": "x"}, {"from": "2199-01-01"}, {"region": "x" * 201}],
)
def test_what_makes_no_sense_is_refused(young: Site, query: dict[str, str]) -> None:
    assert young.server.get("/api/v1/time-to-value", "customerSuccess", **query).status_code == 400


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_page_in_the_browser(browser: Browser, young: Site, width: int, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    crowd.signed_in(page, young.url, "both@example.org")
    page.goto(f"{young.url}/customers/time-to-value")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(page) == []
    median = asked(young)["whole"]["median"]
    expect(page.locator("#card-median .value")).to_have_text(f"{median}d")
    expect(page.locator("svg.steps .band").first).to_be_visible()
    page.locator("#by-segment").press("Enter")
    expect(page.locator("#panel-groups tbody tr")).to_have_count(2)
    page.locator("#filter-segment").select_option("large")
    expect(page.locator(".page-head")).to_contain_text("12 new accounts")
    expect(page.locator("nav [aria-current=page]")).to_have_text(["Time to value"])
    context.close()
    assert heard == []
