"""Pages in a real Chromium: time until the last chart is painted, and what a first visit transfers."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from lopan.bench.bed import Bed, say
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.control import users
from lopan.control.database import open_database
from lopan.control.principal import LEVELS
from lopan.errors import GiveUp

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

BAR_MS = 800
_PASSWORD = "a bench that reads pages"  # noqa: S105 - of a store that is thrown away
_PAINTED = "html[data-charts='painted']"
_CHARTS = "performance.getEntriesByName('lopan:charts').at(-1).startTime"
_WORDS = """new Promise((done) => new PerformanceObserver((seen) => {
  const first = seen.getEntriesByName("first-contentful-paint")[0];
  const parsed = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  if (first) done(Math.max(first.startTime, parsed));
}).observe({ type: "paint", buffered: true }))"""
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_PAUSE_S = 1.0
"""Between two loads: the stream of the page before is closed, and no answer of its second is given out again."""


class View(NamedTuple):
    """A page as a reader of ``level`` sees it ('' = of all levels); one without ``charts`` is done with its words."""

    path: str
    level: str = ""
    charts: bool = True

    @property
    def email(self) -> str:
        """Who looks at it."""
        return f"{(self.level or 'all').lower()}@bench.example"


PERFORMANCE = "Performance"
EVENTS: Mapping[str, View] = {PERFORMANCE: View("/performance", "technical")}
FACTS: Mapping[str, View] = {
    "Overview": View("/overview"),
    **{f"First screen, {level}": View(f"/overview/{level}", level) for level in LEVELS},
    "Business": View("/business", "operational"),
    "Customers": View("/customers", "customerSuccess", charts=False),
}
"""Pages that say little without business facts."""


def figures(server: Bed, rounds: int, facts: bool) -> list[Figure]:
    """Load every page ``rounds`` times with a warm browser cache, in turn; Performance once without one, too."""
    views = {**EVENTS, **FACTS} if facts else EVENTS
    _let_in(server, views.values())
    painted: dict[str, list[float]] = {name: [] for name in views}
    with _chromium() as browser:
        contexts = {email: _signed_in(browser, server, email) for email in {view.email for view in views.values()}}
        size, requests = _first_visit(contexts[EVENTS[PERFORMANCE].email], server, EVENTS[PERFORMANCE])
        for view in views.values():
            _load(contexts[view.email], server, view)
        say(f"{rounds} loads of each of {len(views)} pages")
        for _ in range(rounds):
            for name, view in views.items():
                time.sleep(_PAUSE_S)
                painted[name].append(_load(contexts[view.email], server, view))
    return [
        *_painted(painted),
        Figure(name="first visit transferred", value=size / 1024, unit="KiB", bar=80),
        Figure(name="first visit requests", value=requests, unit="", bar=6),
    ]


def _painted(painted: Mapping[str, list[float]]) -> Iterator[Figure]:
    for name, times in painted.items():
        yield Figure(name=f"{name}: painted, p50", value=quantile(times, 0.5), unit="ms")
        yield Figure(name=f"{name}: painted, p95", value=quantile(times, 0.95), unit="ms", bar=BAR_MS)


def _let_in(server: Bed, views: Iterable[View]) -> None:
    engine = open_database(server.root)
    for email, levels in {view.email: [view.level] if view.level else LEVELS for view in views}.items():
        users.add(engine, email, _PASSWORD, levels, actor="lopan bench")
    engine.dispose()


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


def _signed_in(browser: Browser, server: Bed, email: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{server.server.url}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()
    return context


def _first_visit(context: BrowserContext, server: Bed, view: View) -> tuple[int, int]:
    """Bytes on the wire and requests of a visit with an empty cache, without the live stream, which never ends."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.clearBrowserCache")
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    _paint(page, server, view)
    page.wait_for_load_state("load")
    page.close()
    return round(sum(sizes)), len(sizes)


def _load(context: BrowserContext, server: Bed, view: View) -> float:
    page = context.new_page()
    milliseconds = _paint(page, server, view)
    page.close()
    return milliseconds


def _paint(page: Page, server: Bed, view: View) -> float:
    """Milliseconds from navigation to the last chart."""
    page.goto(server.server.url + view.path, wait_until="commit")
    if not view.charts:
        page.wait_for_load_state("load")
        return float(page.evaluate(_WORDS))
    page.wait_for_selector(_PAINTED, state="attached")  # a function would need eval, which the page forbids
    return float(page.evaluate(_CHARTS))
