from __future__ import annotations

import html
import re

import pytest
from tests.served import LEVELS
from tests.web.conftest import Site

from lopan.web import navigation
from lopan.web.headers import POLICY

TECHNICAL = {"technical"}
EVERYONE = set(LEVELS)
# METRICS.md, "Access": which level opens which page.
OPENED_BY = {
    "/overview": EVERYONE,
    "/overview/technical": TECHNICAL,
    "/overview/executive": {"executive"},
    "/overview/operational": {"operational"},
    "/overview/customerSuccess": {"customerSuccess"},
    "/live/overview": EVERYONE,
    "/live/overview?screen=executive": {"executive"},
    "/imports": set(),
    "/report": {"executive", "operational", "customerSuccess"},
    "/performance": TECHNICAL,
    "/crashes": TECHNICAL,
    "/business": {"executive", "operational", "customerSuccess"},
    "/business/baselines": {"executive", "operational"},
    "/business/baselines.csv": {"executive", "operational"},
    "/live/business": {"executive", "operational", "customerSuccess"},
    "/business/roi": {"executive"},
    "/business/roi/savings.csv": {"executive"},
    "/live/business/roi": {"executive"},
    "/customers": {"customerSuccess"},
    "/market": {"executive"},
    "/market/companies": {"executive"},
    "/market/trend.csv": {"executive"},
    "/live/market": {"executive"},
    "/customers/backtest": {"customerSuccess"},
    "/customers/time-to-value": {"customerSuccess", "executive"},
    "/customers/time-to-value/waiting.csv": {"customerSuccess"},
    "/engagement": {"operational", "executive"},
    "/engagement/lifecycle.csv": {"operational", "executive"},
    "/engagement/days.csv": {"operational"},
    "/engagement/weeks.csv": {"executive"},
    "/retention": {"customerSuccess"},
    "/retention/steps.parquet": {"customerSuccess"},
    "/retention/users?cohort=2026-11-02": {"customerSuccess"},
    "/retention/users.csv?cohort=2026-11-02": {"customerSuccess"},
    "/features": {"operational", "customerSuccess"},
    "/workflows": {"operational"},
    "/roles": {"operational"},
    "/satisfaction": {"executive", "customerSuccess"},
    "/sources": TECHNICAL,
    "/directives": TECHNICAL,
    "/directives/new": set(),
    "/alerts": EVERYONE,
    "/welcome": EVERYONE,
    "/docs": EVERYONE,
    "/views": EVERYONE,
    "/performance/trends.csv": TECHNICAL,
    "/performance/comparison.parquet": TECHNICAL,
    "/alerts/history.csv": EVERYONE,
    "/sources.csv": TECHNICAL,
    "/playbooks/app-launch-time": TECHNICAL,
    "/playbooks/crash-rate": TECHNICAL,
    "/live/performance": TECHNICAL,
    "/live/engagement": {"operational", "executive"},
    "/live/retention": {"customerSuccess"},
    "/live/features": {"operational", "customerSuccess"},
    "/live/workflows": {"operational"},
    "/live/roles": {"operational"},
    "/live/satisfaction": {"executive", "customerSuccess"},
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("path", sorted(OPENED_BY))
def test_each_level_opens_exactly_its_pages(site: Site, path: str, level: str) -> None:
    with site.signed_in(level) as client, client.stream("GET", path) as answer:
        assert answer.status_code == (200 if level in OPENED_BY[path] else 403)


@pytest.mark.parametrize("path", sorted(path for path in OPENED_BY if path != "/docs" and not path.startswith("/live")))
def test_visitor_is_sent_to_the_login_and_back(site: Site, path: str) -> None:
    with site.visitor() as client:
        answer = client.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")


def test_stream_is_refused_to_visitors(site: Site) -> None:
    with site.visitor() as client:
        assert client.get("/live/performance").status_code == 401


@pytest.mark.parametrize("level", LEVELS)
def test_navigation_shows_only_what_may_be_opened(site: Site, level: str) -> None:
    with site.signed_in(level) as client:
        page = client.get("/alerts").text
    nav = page[page.index("<nav") : page.index("</nav")]

    shown = set(re.findall('href="(/[^"]*)"', nav))
    assert shown == {page.path for page in navigation.PAGES if level in OPENED_BY[page.path]}


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/business", "/business"),
        ("/business/roi", "/business/roi"),
        ("/business/roi/x", "/business/roi"),
        ("/business/roster", "/business"),
        ("/businesses", ""),
    ],
)
def test_one_entry_of_the_navigation_is_where_one_is(path: str, here: str) -> None:
    found = navigation.around(navigation.PAGES, path)
    assert (found.path if found else "") == here


@pytest.mark.parametrize("level", LEVELS)
def test_home_is_the_first_screen_of_the_level(site: Site, level: str) -> None:
    with site.signed_in(level) as client:
        assert client.get("/").headers["location"] == f"/overview/{level}"


@pytest.mark.parametrize(
    "path", ["/performance", "/alerts", "/nowhere", "/static/nothing.js", "/api/v1/metrics", "/healthz", "/docs"]
)
def test_every_answer_carries_the_policy(site: Site, path: str) -> None:
    with site.signed_in("technical") as client:
        headers = client.get(path).headers

    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert "frame-ancestors 'none'" in POLICY


@pytest.mark.parametrize(
    "path",
    [
        "/performance",
        "/performance?by=device&from=-7d&compare=previous",
        "/alerts",
        "/views",
        "/sources",
        "/docs",
        "/nowhere",
    ],
)
def test_pages_hold_no_inline_style_or_script(site: Site, path: str) -> None:
    with site.signed_in("technical") as client:
        page = client.get(path).text

    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style", page)
    assert re.findall(r"<script(?![^>]* src=)[^>]*>", page) in (
        [],
        ['<script type="application/json" id="chart-data">'],
    )


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/performance?by=device", id="stored by a client"),
        pytest.param("/performance?release=%3Cscript%3Ealert(%22x%22)%3C/script%3E", id="in the address"),
        pytest.param("/performance?from=%3Cscript%3Ealert(%22x%22)%3C/script%3E", id="in an error"),
        pytest.param("/playbooks/%3Cscript%3Ealert(%22x%22)", id="in a name"),
    ],
)
def test_markup_from_outside_stays_text(site: Site, path: str) -> None:
    with site.signed_in("technical") as client:
        page = client.get(path).text

    assert '<script>alert("x")' not in page
    assert "alert(" in page


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nowhere", 404, "There is no such page"),
        ("/alerts/999999", 404, "There is no such page"),
        ("/alerts/first", 400, "That address does not work"),
        ("/performance?from=soon", 400, "expected ISO 8601"),
    ],
)
def test_errors_are_pages_that_say_what_to_do(site: Site, path: str, status: int, says: str) -> None:
    with site.signed_in("technical") as client:
        answer = client.get(path)

    assert answer.status_code == status
    assert says in answer.text
    assert 'href="/"' in answer.text


def test_forbidden_page_names_the_way_to_access(site: Site) -> None:
    with site.signed_in("executive") as client:
        answer = client.get("/performance")

    assert "an administrator can grant one that does" in answer.text
    assert "App launch time" not in answer.text


def test_page_is_complete_without_scripts(site: Site) -> None:
    with site.signed_in("technical") as client:
        page = client.get("/performance?release=2.1.0").text

    assert len(re.findall('<article class="card', page)) == 4
    for said in ("App launch time", "1.00", "target ≤ 1.5 s", "n 40", "sum(value) / sum(n)", "<caption", "2.1.0"):
        assert said in page
    assert "The course of the figures, one row a bucket" in page


def test_comparison_is_told_without_scripts(site: Site) -> None:
    with site.signed_in("technical") as client:
        page = client.get("/performance?release=2.1.0&compare=release:2.0.0").text

    for said in (
        "<dt>Compared</dt><dd>release 2.0.0: 1.60 s (95 % interval",
        "−0.60 s (−37.5 %), better, p &lt; 0.001",
    ):
        assert said in page


def test_links_of_a_custom_range_work_for_machines(site: Site) -> None:
    with site.signed_in("technical") as client:
        page = client.get("/performance?from=2026-01-01T00:00&to=2026-01-02T00:00&compare=2025-12-01T00:00..now").text
        links = {
            html.unescape(link) for link in re.findall('href="([^"]*format=[^"]*|/performance/[^"]*)" download', page)
        }
        assert len(links) == 12
        for link in links:
            assert client.get(link).status_code == 200, link


def test_custom_range_in_site_time(site: Site) -> None:
    with site.signed_in("technical") as client:
        page = client.get("/performance?from=2026-01-01T00:00&to=2026-01-02T00:00").text

    assert "01 Jan 2026 00:00 to 02 Jan 2026 00:00, UTC" in page
    assert "Send the first event" in page


def test_assets_are_compressed_and_kept_for_ever(site: Site) -> None:
    with site.visitor() as client:
        found = re.findall('(?:href|src)="(/static/[^"]+)"', client.get("/login").text)
        for path in found:
            answer = client.get(path, headers={"Accept-Encoding": "br"})
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-encoding"] == "br"
            assert re.search(r"\.[0-9a-f]{12}\.(js|css|svg)$", path)
    assert len(found) == 3


def test_pages_are_kept_by_nobody(site: Site) -> None:
    with site.signed_in("technical") as client:
        assert client.get("/performance").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("cookie", "attribute"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><script>', "")]
)
def test_theme_is_painted_by_the_server(site: Site, cookie: str, attribute: str) -> None:
    with site.visitor() as client:
        page = client.get("/login", headers={"Cookie": f"lopan_theme={cookie}"}).text

    assert f'<html lang="en"{attribute}>' in page


def test_reference_is_drawn_from_the_openapi_document(site: Site) -> None:
    with site.visitor() as client:
        page = client.get("/docs").text

    for said in ("GET /api/v1/metrics/{id}", "previous", "<code>from</code>", "/api/openapi.json"):
        assert said in page


def test_sources_count_what_came_in(site: Site) -> None:
    with site.signed_in("technical") as client:
        page = client.get("/sources").text

    assert '<th scope="row">app</th>' in page
    assert "lopan keys create --project app" in page


def test_sources_show_a_connection_that_is_down_with_the_reason(site: Site) -> None:
    with site.signed_in("technical") as client:
        page = client.get("/sources").text

    assert '<th scope="row">books <span class="quiet">sqlite, &lt;b&gt;.db</span></th>' in page
    assert "<strong>Stale</strong> since" in page
    assert "unable to open database file" in page
