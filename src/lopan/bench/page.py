"""The Performance page in a real Chromium: time until the last chart is painted, bytes and requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lopan.bench.bed import Bed, say
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.control import users
from lopan.control.database import open_database
from lopan.errors import GiveUp

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PATH = "/performance"
_EMAIL, _PASSWORD = "bench@bench.example", "a bench that reads pages"
_PAINTED = "html[data-charts='painted']"
_WHEN = "performance.getEntriesByName('lopan:charts').at(-1).startTime"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def figures(server: Bed, rounds: int) -> list[Figure]:
    """Load the page ``rounds`` times with a warm browser cache, and once without one."""
    engine = open_database(server.root)
    users.add(engine, _EMAIL, _PASSWORD, ["technical"], actor="lopan bench")
    engine.dispose()
    with _chromium() as browser:
        context = _signed_in(browser, server)
        size, requests = _first_visit(context, server)
        say(f"{rounds} page loads")
        painted = [_load(context, server) for _ in range(rounds)]
    return [
        Figure(name="page painted, p50", value=quantile(painted, 0.5), unit="ms"),
        Figure(name="page painted, p95", value=quantile(painted, 0.95), unit="ms", bar=800),
        Figure(name="first visit transferred", value=size / 1024, unit="KiB", bar=80),
        Figure(name="first visit requests", value=requests, unit="", bar=6),
    ]


@contextmanager
def _chromium() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise GiveUp("the browser bench needs playwright: run it from the development environment") from None
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise GiveUp("the browser bench needs Chromium: install it, or leave --browser out")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def _signed_in(browser: Browser, server: Bed) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{server.server.url}/login")
    page.get_by_label("E-mail").fill(_EMAIL)
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()
    return context


def _first_visit(context: BrowserContext, server: Bed) -> tuple[int, int]:
    """Bytes on the wire and requests of a visit with an empty cache, without the live stream, which never ends."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.clearBrowserCache")
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    _paint(page, server)
    page.wait_for_load_state("load")
    page.close()
    return round(sum(sizes)), len(sizes)


def _load(context: BrowserContext, server: Bed) -> float:
    page = context.new_page()
    milliseconds = _paint(page, server)
    page.close()
    return milliseconds


def _paint(page: Page, server: Bed) -> float:
    """Milliseconds from navigation to the last chart."""
    page.goto(server.server.url + PATH, wait_until="commit")
    page.wait_for_selector(_PAINTED, state="attached")  # a function would need eval, which the page forbids
    return float(page.evaluate(_WHEN))
