"""What a person sees, in a real browser: log in, watch the cards move, in light and dark, on a phone and on a desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.conftest import PASSWORD, Site, events, sign_in

pytestmark = pytest.mark.browser
CARDS = ("app_launch_time", "scroll_frame_rate", "memory_usage", "crash_free_sessions")
WORSE: dict[str, dict[str, object]] = {
    "frame_stats": {"frames": 60},
    "memory": {"footprint_mb": 310.0},
    "session": {"status": "crashed"},
}
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a person of the technical level, who signed in through the form."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    sign_in(page, site.url, site.email("technical"), PASSWORD)
    yield page
    context.close()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Errors of scripts and breaches of the policy, which the browser writes to its console."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    yield heard
    assert heard == []


def shown(page: Page, card: str) -> str:
    return page.locator(f'[data-live="card-{card}"] .value').inner_text()


def opened(page: Page, site: Site, address: str) -> None:
    page.goto(f"{site.url}{address}")
    page.wait_for_function("document.documentElement.dataset.charts === 'painted'")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")


@pytest.mark.usefixtures("complaints")
def test_four_cards_change_live_when_events_arrive(page: Page, site: Site) -> None:
    site.server.send(events("moving", 1_100.0))
    site.server.metric_when("memory_usage", 40, release="moving")
    opened(page, site, "/performance?release=moving")
    before = {card: shown(page, card) for card in CARDS}
    assert before["app_launch_time"] == "1.10\ns"

    worse = [event | WORSE.get(event["type"], {}) for event in events("moving", 3_900.0)]
    page.evaluate("window.notReloaded = true")
    site.server.send(worse)

    for card, value in zip(CARDS, ("2.50", "44.5", "219", "50.00"), strict=True):
        expect(page.locator(f'[data-live="card-{card}"] .value')).to_contain_text(value)
    expect(page.locator('[data-live="card-crash_free_sessions"] .pill')).to_have_text("critical")
    expect(page.locator("#announcer")).to_contain_text("Crash-free sessions critical", timeout=20_000)
    assert page.evaluate("window.notReloaded") is True


@pytest.mark.usefixtures("complaints")
def test_first_event_turns_the_empty_page_into_a_full_one(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/performance?release=first")
    expect(page.locator("#first")).to_be_visible()
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    site.server.send(events("first", 1_000.0))

    expect(page.locator('[data-live="card-app_launch_time"] .value')).to_contain_text("1.00")
    expect(page.locator("#first")).to_have_count(0)
    expect(page.locator("canvas")).to_have_count(4)


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440, 2560])
def test_page_fits_its_screen(page: Page, site: Site, width: int, scheme: Scheme) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    opened(page, site, "/performance")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for card in CARDS:
        expect(page.locator(f'[data-live="card-{card}"] .value')).to_be_visible()
    expect(page.locator("canvas")).to_have_count(4)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in re.findall(r"\d+", ground)) < 200) == (scheme == "dark")


@pytest.mark.usefixtures("complaints")
def test_theme_is_chosen_and_kept(page: Page, site: Site) -> None:
    page.emulate_media(color_scheme="light")
    opened(page, site, "/performance")
    page.get_by_role("button", name="Change to dark colours").click()
    expect(page.locator("canvas")).to_have_count(4)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Change to light colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.usefixtures("complaints")
def test_filter_changes_the_board_without_a_reload_and_keeps_the_focus(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    opened(page, site, "/performance")
    page.evaluate("window.notReloaded = true")
    page.locator("#filter-release").focus()
    page.locator("#filter-release").select_option("2.1.0")

    expect(page.locator('[data-live="card-app_launch_time"] .value')).to_contain_text("1.00")
    expect(page.locator("canvas")).to_have_count(4)
    expect(page.locator("#filter-release")).to_be_focused()
    assert "release=2.1.0" in page.url
    assert page.evaluate("window.notReloaded") is True
    page.get_by_role("link", name="7 d", exact=True).click()
    expect(page.get_by_role("link", name="7 d", exact=True)).to_have_attribute("aria-current", "true")
    assert "release=2.1.0" in page.url


@pytest.mark.usefixtures("complaints")
def test_definition_is_one_click_away(page: Page, site: Site) -> None:
    opened(page, site, "/performance")
    page.get_by_role("button", name="Definition of App launch time").click()
    about = page.locator("#about-app_launch_time")

    expect(about).to_be_visible()
    for said in ("sum(value) / sum(n)", "95 % interval", "UTC", "p95", "≤ 1.5 s"):
        expect(about).to_contain_text(said)
    page.keyboard.press("Escape")
    expect(about).to_be_hidden()


def test_lost_connection_is_said_and_mended(page: Page, site: Site) -> None:
    opened(page, site, "/performance")
    page.context.set_offline(True)
    expect(page.locator(".live")).to_have_attribute("data-state", re.compile("reconnecting|stale"))
    page.context.set_offline(False)
    expect(page.locator(".live")).to_have_attribute("data-state", "live", timeout=20_000)


def test_page_is_light(browser: Browser, page: Page, site: Site) -> None:
    """At most 80 KiB over the wire in at most 6 requests, with nothing in the browser's cache."""
    context = browser.new_context(storage_state=page.context.storage_state())
    fresh = context.new_page()
    protocol = context.new_cdp_session(fresh)
    protocol.send("Network.enable")
    requests: list[str] = []
    sizes: list[float] = []
    protocol.on("Network.requestWillBeSent", lambda event: requests.append(event["request"]["url"]))
    protocol.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    opened(fresh, site, "/performance")
    context.close()

    assert len([request for request in requests if not request.startswith("data:")]) <= 6
    assert 0 < sum(sizes) <= 80 * 1024
