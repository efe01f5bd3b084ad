"""The Report page, its files and its e-mail panel: the figures of a known fleet, to each level its own part."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.served import served
from tests.web.conftest import PASSWORD, Site
from tests.web.people.conftest import PEOPLE, PERIOD
from tests.web.people.crowd import violations

from lopan.control import users
from lopan.control.database import open_database

SECTIONS = {
    "executive": ["users", "satisfaction"],
    "operational": ["users", "activity", "roles", "features", "workflows"],
    "customerSuccess": ["features", "satisfaction", "retention"],
}


def report(site: Site, level: str = "operational", **query: str) -> dict[str, Any]:
    answer = site.server.get("/api/v1/report", level, **{"period": PERIOD} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def figures(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["id"], one["key"]): one for section in found["sections"] for one in section["figures"]}


def test_the_figures_of_a_known_fleet(site: Site) -> None:
    found = report(site)
    today = datetime.now(UTC).date()
    assert found["dates"] == {
        "first": (today - timedelta(28)).isoformat(),
        "last": (today - timedelta(1)).isoformat(),
    }
    seen = figures(found)
    people = PEOPLE - 1
    assert seen["total_users", ""]["value"] == seen["active_users", ""]["value"] == people
    assert [day["users"] for day in found["course"]] == list(range(PEOPLE - 28, PEOPLE))
    assert seen["mean_dau", ""]["value"] == pytest.approx(sum(range(PEOPLE - 28, PEOPLE)) / 28)
    keepers = people // 2
    assert seen["role_share", "warehouseKeeper"]["value"] == pytest.approx(100 * keepers / people)
    stock = len([number for number in range(people) if number % 4 == 1])
    assert seen["feature_adoption", "stock"]["value"] == pytest.approx(100 * stock / keepers)
    assert seen["feature_adoption", "stock"]["status"] == "exceeding"
    assert seen["feature_adoption", "orders"]["value"] == pytest.approx(100 * (people - stock) / people)
    runs = [number for size in range(PEOPLE - 28, PEOPLE) for number in range(size)]
    completion = seen["workflow_completion", "order"]
    assert completion["n"] == len(runs)
    assert completion["value"] == pytest.approx(100 * len([n for n in runs if n % 4]) / len(runs))
    assert completion["low"] < completion["value"] < completion["high"]


def test_satisfaction_is_told_to_those_who_care_for_customers(site: Site) -> None:
    seen = figures(report(site, "customerSuccess"))
    csat = seen["csat", "after_order"]
    scores = [3 + number % 3 for number in range(PEOPLE - 2)]
    assert (csat["n"], csat["value"]) == (len(scores), pytest.approx(sum(scores) / len(scores)))
    assert csat["enough"]


@pytest.mark.parametrize("level", SECTIONS)
def test_each_level_gets_its_sections_everywhere(site: Site, level: str) -> None:
    assert [section["id"] for section in report(site, level)["sections"]] == SECTIONS[level]
    file = site.server.get("/api/v1/report", level, period=PERIOD, format="csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert list(dict.fromkeys(row["section"] for row in rows)) == SECTIONS[level]
    with site.signed_in(level) as client:
        page = client.get("/report", params={"period": PERIOD}).text
    for name in {name for names in SECTIONS.values() for name in names}:
        assert (f'id="section-{name}"' in page) == (name in SECTIONS[level]), name


def test_who_may_see_nothing_of_it_is_told_so(site: Site) -> None:
    for form in ("json", "csv", "parquet", "pdf"):
        assert site.server.get("/api/v1/report", "technical", format=form).status_code == 403
    with site.signed_in("technical") as client:
        assert client.get("/report").status_code == 403
        assert client.get("/report/preview").status_code == 403
        assert 'href="/report"' not in client.get("/performance").text
    with site.visitor() as visitor:
        assert visitor.get("/report").status_code == 303


def test_files_hold_the_same_figures(site: Site) -> None:
    seen = figures(report(site))
    rows = list(csv.DictReader(io.StringIO(get(site, "csv").decode("utf-8-sig"))))
    columns = pq.read_table(io.BytesIO(get(site, "parquet"))).to_pylist()
    assert len(rows) == len(columns) == len(seen)
    for row, typed in zip(rows, columns, strict=True):
        one = seen[row["id"], row["key"]]
        assert typed["value"] == one["value"]
        assert float(row["value"]) == pytest.approx(one["value"]) if row["value"] else one["value"] is None
        assert (typed["n"], typed["level"], typed["definition"]) == (one["n"], "operational", one["definition"])


def test_the_pdf_has_text_range_level_definitions_and_page_numbers(site: Site) -> None:
    found = report(site)
    pages = pypdf.PdfReader(io.BytesIO(get(site, "pdf"))).pages
    text = "\n".join(page.extract_text() for page in pages)
    last = date.fromisoformat(found["dates"]["last"])
    for wanted in (
        "Engagement report",
        f"28 days to {last:%d %b %Y}",
        "access level operational",
        "Local days of UTC",
        f"Page 1 of {len(pages)}",
        "Place an order",
        "Stock count",
        "Definitions",
        seen_definition(found),
    ):
        assert wanted in " ".join(text.split()), wanted
    assert "After an order" not in text


def seen_definition(found: dict[str, Any]) -> str:
    return str(figures(found)["active_users", ""]["definition"])


def get(site: Site, form: str) -> bytes:
    answer = site.server.get("/api/v1/report", "operational", period=PERIOD, format=form)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"day": "soon"}, "day"),
        ({"day": "2999-01-01"}, "day"),
        ({"period": "year"}, "period"),
        ({"project": "x"}, "project"),
    ],
)
def test_what_is_wrong_is_named(site: Site, query: dict[str, str], place: str) -> None:
    answer = site.server.get("/api/v1/report", "operational", **query)
    assert (answer.status_code, answer.json()["place"]) == (400, place)


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.goto(f"{site.url}/report")
    page.get_by_label("E-mail").fill(site.email("operational"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/report")
    yield page
    context.close()


@pytest.mark.browser
def test_a_reader_walks_periods_and_reads_a_definition(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/report?period={PERIOD}")
    expect(page.get_by_role("heading", name="Engagement report")).to_be_visible()
    expect(page.locator(".report-heads .value").first).to_have_text(str(PEOPLE - 1))
    expect(page.get_by_role("row", name="Place an order")).to_contain_text("73.5 %")
    button = page.get_by_role("button", name="Definition of Place an order")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Definition of Place an order")).to_contain_text("open > send")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Earlier").click()
    expect(page.locator(".page-head")).to_contain_text("compared with 28 days to")
    page.get_by_role("link", name="Month").click()
    page.wait_for_url("**period=month**")


@pytest.mark.browser
def test_a_phone_scrolls_tables_and_not_the_page(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/report?period={PERIOD}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.browser
@pytest.mark.parametrize("address", [f"/report?period={PERIOD}", "/report/preview"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, site: Site, scheme: Literal["light", "dark"], address: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(site.url + address)
    assert violations(page) == []
    page.emulate_media(color_scheme="light")


@pytest.mark.browser
def test_a_view_of_the_last_period_moves_on(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/report?period=month")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what is shown as").fill("Months")
    page.get_by_role("button", name="Save the view").click()
    page.wait_for_url("**/report?**view=**")
    assert "day=" not in page.url
    expect(page.get_by_role("link", name="Month", exact=True)).to_have_attribute("aria-current", "true")


@pytest.mark.browser
def test_paper_holds_figures_and_definitions_and_no_controls(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/report?period={PERIOD}")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.locator("#mails")).to_be_hidden()
    expect(page.get_by_role("heading", name="Definitions")).to_be_visible()
    page.emulate_media(media="screen")


@pytest.mark.browser
def test_a_reader_subscribes_looks_and_cancels(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/report")
    page.get_by_label("on the (first)").select_option("Wednesday")
    page.get_by_label("at (UTC)").fill("06:30")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.locator(".mails li")).to_contain_text("Every week on Wednesday at 06:30")
    expect(page.locator(".mails li")).to_contain_text("about Week")
    page.get_by_role("link", name="Preview").click()
    expect(page.get_by_role("heading", name="Preview of the mail")).to_be_visible()
    expect(page.get_by_label("Envelope")).to_contain_text(site.email("operational"))
    page.go_back()
    page.get_by_role("button", name="Cancel: Every week").click()
    expect(page.locator(".mails li")).to_have_count(0)


def test_without_a_mail_server_the_page_says_that_nothing_is_sent(tmp_path: Path) -> None:
    with served(tmp_path / "silent") as server:
        engine = open_database(server.root)
        users.add(engine, "operational@example.org", PASSWORD, ["operational"])
        engine.dispose()
        with Site(server).signed_in("operational") as client:
            page = client.get("/report").text
    assert "Nothing happened in Week" in page
    assert "Nothing is sent: no mail server is set up." in page
    assert 'action="/report/mails"' not in page
    assert "Nothing is sent: no mail server is set up." in page
    assert 'action="/report/mails"' not in page
