"""Roles stand side by side with what the reader may see, and one that nobody defined appears by itself."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Site
from tests.web.people import crowd

from lopan.analytics.roles import RoleReport
from lopan.web import figures
from lopan.web.people.features import Courses
from lopan.web.shape import model


def row(page: Page, role: str) -> list[str]:
    found = page.locator(".roles tbody tr").filter(has=page.get_by_role("rowheader", name=role))
    return [" ".join(text.split()) for text in found.locator("td").all_inner_texts()]


def test_answer_fits_its_shape_and_leaves_out_what_is_not_for_the_asker(crowded: Site) -> None:
    answer = crowded.server.get("/api/v1/roles", "operational").json()

    model(RoleReport).model_validate(answer)
    keeper = next(one for one in answer["roles"] if one["id"] == "warehouseKeeper")
    assert (keeper["people"], keeper["satisfaction"], keeper["churn"]) == (12, None, None)
    assert {one["id"]: one["defined"] for one in answer["roles"]} == {
        "salesperson": True,
        "warehouseKeeper": True,
        "nightGuard": False,
    }


@pytest.mark.parametrize("level", ["operational", "customerSuccess", "technical", "executive"])
@pytest.mark.parametrize("address", ["/roles", "/api/v1/roles", "/roles/completion.csv"])
def test_only_who_may_see_engagement_is_answered(crowded: Site, level: str, address: str) -> None:
    assert crowd.status(crowded, level, address) == (200 if level == "operational" else 403)


def test_filter_that_would_leave_one_role_is_refused(crowded: Site) -> None:
    answer = crowded.server.get("/roles", "operational", role="salesperson")

    assert (answer.status_code, "leave it out" in answer.text) == (400, True)


def test_columns_follow_the_level(crowded: Site) -> None:
    token = crowded.server.tokens["operational"]
    text = httpx.get(f"{crowded.url}/roles", headers={"Authorization": f"Bearer {token}"}, timeout=30).text

    assert "Completion, by workflow" in text
    assert "Satisfaction (CSAT)" not in text
    assert "Churn" not in text


def test_days_of_a_role_are_compared_with_another(crowded: Site) -> None:
    asked = {"drawn": "warehouseKeeper", "compare": "role:salesperson"}
    answer = crowded.server.get("/api/v1/roles/days", "operational", **asked).json()
    lines = crowded.server.get("/roles/days.csv", "operational", **asked).text.splitlines()

    model(Courses).model_validate(answer)
    found = {one["id"]: one for one in answer["figures"]}
    assert list(found) == ["role_active", "role_session", "role_completion"]
    completion = found["role_completion"]
    assert (completion["value"], completion["n"], completion["versus"]["value"]) == (60, 40, 100)
    assert (completion["versus"]["verdict"], completion["versus"]["p"] < 0.001) == ("worse", True)
    assert found["role_active"]["series"][-3]["value"] == 12
    assert found["role_session"]["versus"]["p"] is None
    assert len(lines) == 1 + 3 * 2 * 28


@pytest.mark.parametrize("wrong", ["compare=colour:red", "days=0"])
def test_wrong_parameter_is_named(crowded: Site, wrong: str) -> None:
    assert crowd.status(crowded, "operational", f"/roles?{wrong}") == 400


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_a_role_is_drawn_and_compared(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/roles")
    chosen = reader.get_by_role("link", name="Warehouse keeper")
    chosen.click()
    expect(chosen).to_have_attribute("aria-current", "true")
    reader.get_by_label("Compare with").select_option("role:salesperson")

    expect(reader.locator('[data-live="versus-role_completion"]')).to_contain_text("role salesperson 100.0 %")
    expect(reader.locator('[data-chart="role_active"] canvas')).to_be_visible()
    reader.locator("#panel-course summary", has_text="Show as a table").click()
    expect(reader.get_by_role("region", name="The course as a table")).to_contain_text("role salesperson")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_table_tells_each_role(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/roles")
    people, session, used, completed, csat, churn = row(reader, "Warehouse keeper")
    known = crowded.server.get("/api/v1/roles", "operational").json()["roles"]
    sessions = next(one for one in known if one["id"] == "warehouseKeeper")["sessions"]

    assert people.startswith("12")
    mean, median = (figures.duration(sessions[name]) for name in ("mean", "median"))
    assert session == f"{mean} median {median} n {sessions['number']}"
    assert "Stock" in used
    assert ("below all: Receive goods" in completed, "60 %" in completed, "n 40" in completed) == (True, True, True)
    assert ("2.00" in csat, "n 12" in csat) == (True, True)
    assert churn == "–"
    assert row(reader, "Night guard")[0].startswith("3")
    expect(reader.locator(".roles tbody tr", has_text="Night guard")).to_contain_text("not defined")
    expect(reader.locator('[data-live="verdict"]')).to_contain_text("Warehouse keeper: receive goods 60 %")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("width", [390, 1440])
def test_page_fits_and_axe_finds_nothing_serious(reader: Page, crowded: Site, width: int) -> None:
    reader.set_viewport_size({"width": width, "height": 900})
    reader.emulate_media(color_scheme="dark" if width == 390 else "light")
    crowd.opened(reader, crowded, "/roles")

    assert reader.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(reader) == []
