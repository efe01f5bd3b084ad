"""The Engagement page shows what the analytics counts, moves live, and tells each level its own part."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Site
from tests.web.people import crowd, regulars
from tests.web.people.regulars import DAY, MONDAY, TODAY

from lopan.web import figures
from lopan.web.people.engagement import Answer
from lopan.web.shape import model

TABLES = ("days", "lifecycle", "weeks", "sessions", "groups")


def test_answer_fits_its_published_shape_and_is_what_they_did(regular: Site) -> None:
    found = regulars.engagement(regular.server)
    model(Answer).model_validate(found)

    assert found["complete"] == str(TODAY - DAY)
    yesterday = next(day for day in found["days"] if day["day"] == found["complete"])
    assert (yesterday["dau"], yesterday["wau"], yesterday["mau"]) == (14, 14, 28)
    period = next(one for one in found["lifecycle"] if one["begin"] == found["complete"])
    assert [period[kind] for kind in ("new", "returning", "resurrected", "dormant")] == [2, 12, 0, 0]
    assert found["sessions"]["median_without"] == 1_200
    assert found["weeks"] is None
    assert {group["key"]: group["mau"] for group in found["groups"]} == {"salesperson": 28, "warehouseKeeper": 0}
    assert {group["churn"] for group in found["groups"]} == {None}


@pytest.mark.parametrize("name", ["dau", "wau", "mau", "stickiness", "session_duration", "dau_growth_wow"])
def test_cards_agree_with_the_kpi_that_is_alerted_on(regular: Site, name: str) -> None:
    level = "executive" if name == "dau_growth_wow" else "operational"
    kpi = regular.server.get(f"/api/v1/metrics/{name}", level, **{"from": str(TODAY - DAY * 27) + "T00:00:00Z"}).json()
    with regular.signed_in(level) as client:
        page = client.get("/engagement").text
    card = page[page.index(f'id="card-{name}"') :]
    shown = re.sub(r"<[^>]+>", "", card[card.index('<p class="value">') : card.index("</p>")])

    value = figures.with_unit(kpi["value"], kpi["unit"], kpi["decimals"]).replace(" ", "")
    assert shown.lstrip("+") == value
    assert f"n {kpi['n']}</span>" in card


def test_weeks_are_compared_only_when_complete(regular: Site) -> None:
    asked = {"from": str(MONDAY), "per": "week"}
    found = regular.server.get("/api/v1/engagement", "executive", **asked).json()
    assert [week["mean"] for week in found["weeks"][:3]] == pytest.approx([72 / 7, 24 / 7, 0])
    assert [week["growth"] for week in found["weeks"][:3]] == pytest.approx([None, 24 / 72 - 1, -1])
    assert (found["weeks"][-1]["partial"], found["weeks"][-1]["growth"]) == (True, None)
    assert (found["days"], found["sessions"], found["groups"]) == (None, None, None)
    assert "churn" not in found["definitions"]


@pytest.mark.parametrize(
    ("query", "change"),
    [
        pytest.param({"role": "warehouseKeeper"}, (0, 0, 0), id="by role"),
        pytest.param({"customer": "South"}, (7, 7, 14), id="by customer"),
        pytest.param({"release": "9.9"}, (0, 0, 0), id="by a release that nobody has"),
    ],
)
def test_filters_narrow(regular: Site, query: dict[str, str], change: tuple[int, int, int]) -> None:
    found = regulars.engagement(regular.server, **query)
    yesterday = next(day for day in found["days"] if day["day"] == found["complete"])
    assert (yesterday["dau"], yesterday["wau"], yesterday["mau"]) == change
    assert found["groups"] == []


@pytest.mark.parametrize("level", ["operational", "executive", "customerSuccess", "technical"])
@pytest.mark.parametrize("address", ["/engagement", "/api/v1/engagement", *(f"/engagement/{t}.csv" for t in TABLES)])
def test_each_level_gets_its_part(regular: Site, level: str, address: str) -> None:
    allowed: dict[str, Any] = {"operational": True, "executive": True}
    growth = address.endswith(("weeks.csv", "lifecycle.csv"))
    if address.endswith(".csv") and not address.endswith("lifecycle.csv"):
        allowed = {"operational": not growth, "executive": growth}
    assert crowd.status(regular, level, address) == (200 if allowed.get(level) else 403)


@pytest.mark.parametrize("wrong", ["per=year", "by=colour", "days=0", "role=a&customer=b", "compare=colour:red"])
def test_wrong_parameter_is_refused(regular: Site, wrong: str) -> None:
    assert crowd.status(regular, "operational", f"/engagement?{wrong}") == 400


def test_file_has_a_row_for_each_day(regular: Site) -> None:
    lines = regular.server.get("/engagement/days.csv", "operational", days="7").text.splitlines()
    assert len(lines) == 8
    assert f"everyone,UTC,this,{TODAY - DAY},14,14,28," in lines[-2]


@pytest.mark.browser
def test_cards_tell_the_last_complete_day_and_what_they_compare_with(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/engagement")

    def card(name: str) -> str:
        return regulars.texts([regular_reader.locator(f"#card-{name}").inner_text()])

    assert "14" in card("dau")
    for words in ("below target", "target ≥ 1,500", "Today so far 4", "n 14"):
        assert words in card("dau")
    assert "28" in card("mau")
    for words in ("6.4 min", "benchmark ≥ 15 min", "20.0 20.0", "30 of one event"):
        assert words in card("session_duration")
    expect(regular_reader.locator('[data-live="verdict"]')).to_contain_text("2 new, 0 resurrected, 12 returning")
    expect(regular_reader.locator("canvas")).to_have_count(6)
    regular_reader.get_by_role("button", name="Definition of Stickiness").click()
    expect(regular_reader.locator("#about-stickiness")).to_contain_text("mean DAU of 28 local days / MAU")
    regular_reader.keyboard.press("Escape")


@pytest.mark.browser
def test_charts_are_compared_with_another_side(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/engagement?days=7")
    regular_reader.get_by_label("Compare with").focus()
    regular_reader.get_by_label("Compare with").select_option("customer:South")
    line = regular_reader.locator('[data-live="versus-dau"]')
    expect(line).to_contain_text("Shown 14")
    expect(line).to_contain_text("customer South 7")
    expect(line).to_contain_text("+7 (+100.0 %)")
    expect(regular_reader.get_by_label("Compare with")).to_be_focused()
    assert "days=7" in regular_reader.url
    expect(regular_reader.locator(".live")).to_have_attribute("data-state", "live")
    drawn = "JSON.parse(document.querySelector('#chart-data').textContent).charts[0].c.some((value) => value === 7)"
    assert regular_reader.evaluate(drawn)
    regular_reader.get_by_label("Compare with").select_option("previous")
    expect(line).to_contain_text("previous period 0")


@pytest.mark.browser
def test_growth_accounting_is_read_without_colour(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/engagement?per=day")
    panel = regular_reader.locator('[data-live="lifecycle"]')
    panel.get_by_text("Show as a table").click()
    row = panel.get_by_role("row").nth(2)
    assert regulars.texts(row.all_inner_texts()).endswith("2 0 12 0 14")
    for kind in ("resurrected", "dormant"):
        assert panel.locator(f'.legend rect[fill="url(#hatch-{kind})"]').count() == 1
    regular_reader.get_by_role("link", name="Week", exact=True).click()
    expect(panel.locator("thead th").first).to_have_text("Week")
    expect(panel).to_contain_text("days)")


@pytest.mark.browser
def test_today_moves_with_the_event_and_without_a_reload(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/engagement")
    regular_reader.evaluate("window.notReloaded = true")
    before = int(regular_reader.locator("#card-dau .card-line b").inner_text())
    regular.server.send([regulars.now("s20"), regulars.now("s21")])

    expect(regular_reader.locator("#card-dau .card-line b")).to_have_text(str(before + 2), timeout=20_000)
    assert regular_reader.evaluate("window.notReloaded") is True


@pytest.mark.browser
def test_executives_see_growth_alone(regular: Site) -> None:
    with regular.signed_in("executive") as client:
        page = client.get("/engagement").text
    for shown in ("Growth, week over week", "Growth accounting", "partial, not compared"):
        assert shown in page
    for hidden in ("Daily active users</h2>", "Session duration", "Who differs", '"id":"dau"'):
        assert hidden not in page


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_page_fits_and_axe_finds_nothing_serious(
    regular_reader: Page, regular: Site, width: int, scheme: Literal["light", "dark"]
) -> None:
    regular_reader.set_viewport_size({"width": width, "height": 900})
    regular_reader.emulate_media(color_scheme=scheme)
    crowd.opened(regular_reader, regular, "/engagement")
    assert regular_reader.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(regular_reader) == []


@pytest.mark.browser
def test_nobody_is_said_and_the_first_person_seen(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/engagement?role=pilot")
    expect(regular_reader.get_by_role("heading", name="Nobody matches these filters")).to_be_visible()
    regular.server.send([regulars.now("s25") | {"role": "pilot"}])
    expect(regular_reader.get_by_role("heading", name="Nobody matches these filters")).to_have_count(0)
    expect(regular_reader.locator("#card-dau .card-line b")).to_have_text("1", timeout=20_000)
