"""Funnels tell what the analytics gives by both entry modes, and who struggles is seen at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Site
from tests.web.people import crowd

from lopan.web.people.workflows import Funnels
from lopan.web.shape import model

RUNS = sum(crowd.RUNS.values())


def told(site: Site, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = site.server.get("/api/v1/workflows", "operational", **query).json()
    return found


def test_answer_fits_its_shape_and_names_who_struggles(crowded: Site) -> None:
    answer = told(crowded, to=crowd.moment(2).date().isoformat())

    model(Funnels).model_validate(answer)
    (found,) = answer["struggles"]
    assert (found["axis"], found["key"], found["step"], found["n"]) == ("role", "warehouseKeeper", "shelve", 40)
    assert (found["lost"], found["others"]) == (40.0, 0.0)


@pytest.mark.parametrize("level", ["operational", "customerSuccess", "technical", "executive"])
@pytest.mark.parametrize("address", ["/workflows", "/api/v1/workflows", "/workflows/days.parquet"])
def test_only_who_may_see_completion_is_answered(crowded: Site, level: str, address: str) -> None:
    assert crowd.status(crowded, level, address) == (200 if level == "operational" else 403)


@pytest.mark.parametrize("wrong", ["entry=second", "workflow=unknown", "days=0", "compare=city:Ulm"])
def test_wrong_parameter_is_named(crowded: Site, wrong: str) -> None:
    assert crowd.status(crowded, "operational", f"/workflows?{wrong}") == 400


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_funnel_tells_each_step_and_what_is_lost(reader: Page, crowded: Site) -> None:
    until = crowd.moment(2).date().isoformat()
    crowd.opened(reader, crowded, f"/workflows?from={until}&to={until}")
    rows = [row.split("\t") for row in reader.locator(".funnel tbody tr").all_inner_texts()]

    assert [row[2] for row in rows] == [str(RUNS), str(RUNS), str(RUNS), str(RUNS - crowd.LOST)]
    assert rows[3][3] == f"{100 * (RUNS - crowd.LOST) / RUNS:.1f} %"
    assert "most" in rows[3][4]
    assert [row[5] for row in rows[1:]] == ["0 s", "10 s", "10 s"]
    card = reader.locator('[data-live="card-receive_goods"]')
    for words in ("84.0", "meeting" if 84 < 80 * 1.05 else "exceeding", "target ≥ 80 %", "n 100", "0 pending"):
        expect(card).to_contain_text(words)


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_who_struggles_is_seen_in_the_head_and_in_the_table(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/workflows")

    expect(reader.locator('[data-live="verdict"]')).to_contain_text("Warehouse keeper: 40 % of the runs that come to")
    marked = reader.locator(".step-cell[data-trouble]")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("struggles: 40 % lost, others 0 %")
    expect(reader.locator("tr", has=marked).get_by_role("rowheader")).to_have_text("Warehouse keeper")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_entry_mode_is_named_and_switched_by_keyboard(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/workflows")
    expect(reader.get_by_role("link", name="First entry")).to_have_attribute("aria-current", "true")
    reader.get_by_role("link", name="Any entry").focus()
    reader.keyboard.press("Enter")

    expect(reader.get_by_role("link", name="Any entry")).to_have_attribute("aria-current", "true")
    expect(reader.locator(".key").first).to_contain_text("Any entry: the best try of each run")
    assert "entry=any" in reader.url


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("width", [390, 1440])
def test_page_fits_and_axe_finds_nothing_serious(reader: Page, crowded: Site, width: int) -> None:
    reader.set_viewport_size({"width": width, "height": 900})
    reader.emulate_media(color_scheme="dark" if width == 390 else "light")
    crowd.opened(reader, crowded, "/workflows")

    assert reader.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(reader) == []


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_run_counts_as_it_arrives(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/workflows")
    before = told(crowded)["workflows"][0]["first"]["started"]
    crowded.server.send(crowd.run("salesperson", 1, datetime.now(UTC) - timedelta(hours=3), 3))

    expect(reader.locator(".funnel tbody tr").first.locator("td").nth(1)).to_have_text(str(before + 1))
    expect(reader.locator('[data-live="card-receive_goods"]')).to_contain_text(f"n {before + 1}")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_what_is_shown_is_saved_as_a_view_and_taken_away_as_a_file(reader: Page, crowded: Site) -> None:
    reader.set_viewport_size({"width": 1440, "height": 900})
    crowd.opened(reader, crowded, "/workflows?days=7&entry=any")
    reader.get_by_role("button", name="Export Funnels").click()
    menu = reader.locator(".menu:popover-open")
    expect(menu.get_by_role("link")).to_have_text(["CSV", "Parquet"])
    expect(menu.get_by_role("button")).to_have_count(2)
    with reader.expect_download() as download:
        menu.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "lopan-workflows-funnels.csv"
    reader.keyboard.press("Escape")
    reader.get_by_role("button", name="Views").click()
    reader.get_by_label("Save what is shown as").fill("Any entry, a week")
    reader.get_by_role("button", name="Save the view").click()

    expect(reader.get_by_role("button", name="Any entry, a week")).to_be_visible()
    expect(reader.get_by_role("link", name="Any entry", exact=True)).to_have_attribute("aria-current", "true")
    expect(reader.get_by_role("link", name="7 d")).to_have_attribute("aria-current", "true")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_course_is_compared_with_another_role_and_says_how_sure_that_is(reader: Page, crowded: Site) -> None:
    until = crowd.moment(2).date().isoformat()
    crowd.opened(reader, crowded, f"/workflows?from={until}&to={until}&role=salesperson")
    reader.get_by_label("Compare with").select_option("role:warehouseKeeper")

    line = reader.locator('[data-live="versus-receive_goods"]')
    for words in ("Shown 100.0 %", "role warehouseKeeper 60.0 %", "+40.0 pp, better, p < 0.001"):
        expect(line).to_contain_text(words)
    lines = crowded.server.get(
        "/workflows/days.csv", "operational", **{"from": until, "to": until, "compare": "role:warehouseKeeper"}
    ).text.splitlines()
    assert [",this," in lines[1], ",role warehouseKeeper," in lines[2], len(lines)] == [True, True, 3]
