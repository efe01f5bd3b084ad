"""The heatmap tells what the analytics gives, moves live, is reached by keyboard and read without colour."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.web.conftest import Site
from tests.web.people import crowd

from lopan.analytics.accounts import AccountsAdopted
from lopan.analytics.features import Adopted
from lopan.web.people.features import Courses
from lopan.web.shape import model

COLUMNS = ["Overall", "Salesperson", "Warehouse keeper", "Night guard"]


def tile(page: Page, feature: str, column: str) -> Locator:
    row = page.locator(".heat tbody tr").filter(has=page.get_by_role("rowheader", name=feature))
    return row.locator("td").nth(COLUMNS.index(column))


def test_answer_fits_its_published_shape(crowded: Site) -> None:
    answer = crowded.server.get("/api/v1/features", "operational", role="salesperson").json()

    model(Adopted).model_validate(answer)
    assert [one["id"] for one in answer["features"]] == ["orders", "stock"]


@pytest.mark.parametrize("level", ["operational", "customerSuccess", "technical", "executive"])
@pytest.mark.parametrize("address", ["/features", "/api/v1/features", "/features/accounts.csv", "/live/features"])
def test_only_who_may_see_adoption_is_answered(crowded: Site, level: str, address: str) -> None:
    allowed = level in ("operational", "customerSuccess")
    if allowed and address.startswith("/live"):
        return
    assert crowd.status(crowded, level, address) == (200 if allowed else 403)


@pytest.mark.parametrize("wrong", ["sort=colour", "of=people", "compare=city:Ulm", "to=yesterday", "role=a&release=b"])
def test_wrong_parameter_is_named(crowded: Site, wrong: str) -> None:
    assert crowd.status(crowded, "operational", f"/features?{wrong}") == 400


def test_file_has_a_row_for_each_tile(crowded: Site) -> None:
    lines = crowded.server.get("/features/adoption.csv", "operational").text.splitlines()

    assert len(lines) == 1 + 2 + 4
    assert any(",orders," in line and ",salesperson," in line and ",75.0," in line for line in lines)


def test_days_are_compared_in_answer_and_file(crowded: Site) -> None:
    asked = {"feature": "orders", "compare": "previous"}
    answer = crowded.server.get("/api/v1/features/days", "operational", **asked).json()
    lines = crowded.server.get("/features/days.csv", "operational", **asked).text.splitlines()

    model(Courses).model_validate(answer)
    core, orders = answer["figures"]
    assert [(one["id"], one["value"], one["n"]) for one in (core, orders)] == [("core", 75, 40), ("feature", 75, 40)]
    assert [point["value"] for point in orders["series"]][-12:-9] == [None, 25, 25]
    assert (orders["versus"]["value"], core["versus"]["p"]) == (None, None)
    assert len(lines) == 1 + 2 * 2 * 28
    assert sum(",previous period," in line for line in lines) == 2 * 28


def test_accounts_are_counted_as_they_are_entitled(crowded: Site) -> None:
    answer = crowded.server.get("/api/v1/features/accounts", "operational").json()
    lines = crowded.server.get("/features/accounts.csv", "operational").text.splitlines()

    model(AccountsAdopted).model_validate(answer)
    assert {one["id"]: (one["done"], one["accounts"], one["enough"]) for one in answer["features"]} == {
        "orders": (1, 1, False),
        "stock": (1, 1, False),
    }
    assert len(lines) == 1 + 2


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_chart_is_compared_and_accounts_are_listed(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/features?feature=stock&role=salesperson")
    reader.get_by_label("Compare with").select_option("role:warehouseKeeper")
    line = reader.locator('[data-live="versus-feature"]')

    expect(line).to_contain_text("role warehouseKeeper 100.0 %")
    expect(line).to_contain_text("worse, p < 0.001")
    expect(reader.locator('[data-chart="feature"] canvas')).to_be_visible()
    reader.get_by_role("link", name="Accounts", exact=True).click()
    expect(reader.get_by_role("columnheader", name="Accounts that completed it")).to_be_visible()
    expect(reader.locator(".listing tbody tr").first).to_contain_text("too few")
    assert "compare=role" in reader.url


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_tiles_say_share_change_and_why_there_is_none(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/features")

    assert reader.locator(".heat thead th").all_inner_texts() == ["Feature", *COLUMNS]
    expect(tile(reader, "Orders", "Salesperson")).to_contain_text("75 %")
    expect(tile(reader, "Orders", "Salesperson")).to_contain_text("+50.0 pp improving")
    expect(tile(reader, "Orders", "Warehouse keeper")).to_have_text("not entitled")
    expect(tile(reader, "Stock", "Warehouse keeper")).to_contain_text("100 %")
    expect(tile(reader, "Stock", "Night guard")).to_contain_text("too few, n 3")
    expect(reader.locator('[data-live="heads"]')).to_contain_text("below target")
    expect(reader.locator(".legend").first).to_contain_text("60–80 % high")
    key, shown = reader.locator('.swatch[data-heat="3"]'), reader.locator('.tile[data-heat="3"]').first
    colour = shown.evaluate("element => getComputedStyle(element).backgroundColor")
    expect(key).to_have_css("background-color", colour)


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_keyboard_opens_what_is_behind_a_tile(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/features")
    button = tile(reader, "Orders", "Salesperson").get_by_role("button")
    button.focus()
    reader.keyboard.press("Enter")
    told = reader.get_by_role("dialog", name="Orders, Salesperson")

    expect(told).to_be_visible()
    for words in ("30 of 40 people", "95 % interval", "10 of 10 who tried it", "trailing 28 days", "UTC"):
        expect(told).to_contain_text(words)
    reader.keyboard.press("Escape")
    expect(told).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_list_is_sorted_and_a_feature_told_in_detail(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/features")
    names = reader.locator(".listing tbody th a")
    assert names.all_inner_texts() == ["Orders", "Stock"]
    reader.get_by_role("link", name="Came back", exact=True).click()
    expect(reader.get_by_role("link", name="Came back", exact=True)).to_have_attribute("aria-current", "true")
    names.filter(has_text="Stock").click()

    expect(reader.locator("#detail .told-head")).to_contain_text("Stock")
    assert "sort=retained" in reader.url
    expect(reader.locator("#detail .rungs")).to_contain_text("Came back")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_page_fits_and_axe_finds_nothing_serious(
    reader: Page, crowded: Site, width: int, scheme: Literal["light", "dark"]
) -> None:
    reader.set_viewport_size({"width": width, "height": 900})
    reader.emulate_media(color_scheme=scheme)
    crowd.opened(reader, crowded, "/features")

    assert reader.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(reader) == []


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_tile_moves_with_the_event_and_the_focus_stays(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/features?role=salesperson&feature=orders")
    reader.evaluate("window.notReloaded = true")
    button = tile(reader, "Orders", "Salesperson").get_by_role("button")
    button.focus()
    before = crowd.feature(crowded.server, "orders")["overall"]["done"]
    now = datetime.now(UTC)
    crowded.server.send([crowd.used("salesperson", 39, "orders", "complete", now)])

    expect(tile(reader, "Orders", "Salesperson")).to_contain_text(f"{100 * (before + 1) / 40:.0f} %")
    expect(reader.locator("#detail .rungs")).to_contain_text(str(before + 1))
    expect(button).to_be_focused()
    assert reader.evaluate("window.notReloaded") is True
