"""The main screen and the first screens: each reader sees their figures, live, and nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from tests.served import LEVELS
from tests.web.conftest import PASSWORD, Site, events

from lopan.catalog import load as load_catalog
from lopan.catalog.screen import load
from lopan.web import access

KPIS = load_catalog().kpis
SCREENS = load(None, KPIS)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["main", *LEVELS])
def test_a_screen_shows_what_its_reader_may_see(site: Site, name: str, level: str) -> None:
    with site.signed_in(level) as client:
        answer = client.get("/overview" if name == "main" else f"/overview/{name}")
    if name not in ("main", level):
        assert answer.status_code == 403
        return
    shown = {tile.kpi for tile in SCREENS[name].tiles() if f'id="card-{tile.kpi}"' in answer.text}
    assert shown == {tile.kpi for tile in SCREENS[name].tiles() if KPIS[tile.kpi].group in access.GROUPS[level]}
    for tile in SCREENS[name].tiles():
        if tile.owner and tile.kpi in shown:
            assert tile.owner in answer.text


def test_an_unknown_screen_is_not_found(site: Site) -> None:
    with site.signed_in("technical") as client:
        assert client.get("/overview/nonsense").status_code == 404


@pytest.mark.browser
def test_figures_move_without_a_reload_and_on_refresh(site: Site, browser: Browser) -> None:
    with browser.new_context(base_url=site.url) as context:
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("E-mail").fill(site.email("technical"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/overview/technical")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        card = page.locator("#card-app_launch_time .value")
        before = card.inner_text()
        site.server.send(events("9.0.0", 3_000.0))
        expect(card).not_to_have_text(before)
        page.get_by_role("link", name="Refresh").click()
        expect(page.get_by_role("heading", name="Technical")).to_be_visible()
        page.get_by_role("link", name="Overview").last.click()
        page.wait_for_url("**/overview")
        expect(page.get_by_role("heading", name="Performance")).to_be_visible()
