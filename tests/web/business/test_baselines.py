"""The Baselines page: who sees it, who acts, that two have to agree, and that figures follow at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.house import House
from tests.served import LEVELS, Served
from tests.web.conftest import PASSWORD, Site
from tests.web.people.crowd import violations
from tests.web.test_live import parsed

from lopan.control import audit, baselines, users
from lopan.control.baselines import Baseline
from lopan.control.database import open_database

PATH, CARD = "/business/baselines", "card-labour_productivity_change"
SCREEN = """
id = "money"
title = "Money"
level = "operational"
[[section]]
title = "Last 30 days"
days = 30
tile = [{ kpi = "labour_productivity_change", owner = "Ann" }]
"""
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
BEGUN = TODAY - DAY * 100
"""The first cost of the roll-out."""
FIRST, LAST = BEGUN - DAY * 90, BEGUN - DAY
PEOPLE = {"anna@example.org": ["technical"], "ben@example.org": ["operational"], "executive@example.org": ["executive"]}


def noon(days: int) -> datetime:
    return datetime.combine(BEGUN + DAY * days, time(12), UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("baselines")
    house = House(root)
    times = {"before": noon(-30), "after": noon(90)}
    house.load(
        [{"key": name, "order": name, "site": "Kiel", "product": "P", "good": 100.0, "status": "done", "ended": at,
          "scrap": 25.0 if name == "before" else 10.0, "std_cost": Decimal(5)} for name, at in times.items()],
        "work_order",
    )  # fmt: skip
    house.load(
        [{"key": name, "site": "Kiel", "paid_hours": 100.0, "earned_hours": 80.0 if name == "before" else 92.0,
          "started": at} for name, at in times.items()],
        "labour",
    )  # fmt: skip
    spent = {"key": "1", "site": "Kiel", "product": "P", "type": "material", "amount": Decimal(1_234)}
    house.load([spent | {"day": BEGUN - DAY * 30, "currency": "EUR"}], "cost")
    lying = {"key": "1", "site": "<b>Ulm</b>", "product": "P", "value": Decimal(9_000), "currency": "EUR"}
    house.load([lying | {"day": FIRST}], "inventory_snapshot")
    house.load(
        [{"key": "1", "day": BEGUN, "type": "training", "amount": Decimal(10), "currency": "EUR"}], "rollout_cost"
    )
    house.close()
    (root / "lopan.d" / "screens").mkdir(parents=True)
    (root / "lopan.d" / "screens" / "money.toml").write_text(SCREEN)
    server = Served(root)
    engine = open_database(root)
    for email, levels in PEOPLE.items():
        users.add(engine, email, PASSWORD, levels, admin="executive" not in levels)
    users.add(engine, "customersuccess@example.org", PASSWORD, ["customerSuccess"])
    engine.dispose()
    server.start()
    yield Site(server)
    server.stop()


def listing(site: Site) -> list[Baseline]:
    engine = open_database(site.server.root)
    try:
        return baselines.listing(engine)
    finally:
        engine.dispose()


def freeze(site: Site, who: str = "anna", **fields: str) -> httpx.Response:
    return site.post(who, PATH, **({"first": str(FIRST), "last": str(LAST), "note": "before"} | fields))


def text(site: Site, who: str = "anna") -> str:
    with site.signed_in(who) as client:
        return client.get(PATH).text


def change(site: Site) -> float | None:
    """Labour productivity against the baseline, as the API gives it."""
    answer = site.server.get("/api/v1/metrics/labour_productivity_change", "operational", **{"from": "-30d"})
    value: float | None = answer.json()["value"]
    return value


def test_the_first_baseline_is_frozen_by_one_and_approved_by_another(site: Site) -> None:
    blank = text(site)
    assert "No baseline yet" in blank
    assert f'name="first" value="{FIRST}"' in blank
    assert f'name="last" value="{LAST}"' in blank
    assert change(site) is None

    made = freeze(site)
    assert made.status_code == 303
    version = listing(site)[0].version
    assert made.headers["location"] == f"{PATH}#version-{version}"
    waits = text(site)
    for said in ("waits for approval", "No version is approved", "20.00 %", "12.34", "0.800", "9,000", "You froze it"):
        assert said in waits
    assert "&lt;b&gt;Ulm" in waits
    assert "<b>Ulm" not in waits
    assert f"{PATH}/{version}/approve" not in waits
    assert f"{PATH}/{version}/approve" in text(site, "ben")

    alone = site.post("anna", f"{PATH}/{version}/approve", confirm="yes")
    assert alone.status_code == 400
    assert "somebody else has to approve it" in alone.text
    unread = site.post("ben", f"{PATH}/{version}/approve")
    assert (unread.status_code, "tick the box" in unread.text.lower()) == (400, True)
    assert listing(site)[0].state == "frozen"
    assert change(site) is None

    headers = {"Authorization": f"Bearer {site.server.tokens['operational']}"}
    with httpx.stream("GET", f"{site.url}/live/overview?screen=money", headers=headers, timeout=60) as answer:
        messages = parsed(answer)
        assert "no data" in next(messages)[1]["fragments"][CARD]
        assert site.post("ben", f"{PATH}/{version}/approve", confirm="yes").status_code == 303
        # An open page looks again by itself after some beats: this has to come before.
        assert any(name == "update" and "15.0" in told["fragments"].get(CARD, "") for name, told in islice(messages, 2))
    done = listing(site)[0]
    assert (done.state, done.frozen_by, done.decided_by) == ("approved", "anna@example.org", "ben@example.org")
    assert change(site) == pytest.approx(15)
    measured = text(site, "ben")
    assert "Measured against version" in measured
    assert CARD in measured


def test_a_version_is_rejected_and_one_replaced(site: Site) -> None:
    freeze(site, note="a trial")
    version = listing(site)[0].version
    assert site.post("anna", f"{PATH}/{version}/reject").status_code == 303
    again = site.post("ben", f"{PATH}/{version}/approve", confirm="yes")
    assert (again.status_code, "is rejected" in again.text) == (400, True)
    versions = []
    for _ in range(2):
        freeze(site)
        versions.append(listing(site)[0].version)
        assert site.post("ben", f"{PATH}/{versions[-1]}/approve", confirm="yes").status_code == 303
    states = {one.version: one.state for one in listing(site)}
    assert [states[one] for one in (version, *versions)] == ["rejected", "replaced", "approved"]
    assert "Replaced and rejected" in text(site)


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"first": "soon"}, 400, "expected a day like"),
        ({"last": str(TODAY)}, 400, "nly days that are over"),
        ({"last": str(FIRST - DAY)}, 400, "ust not lie before the first"),
        ({"first": "2020-01-01", "last": "2020-02-01"}, 400, "mport facts of these days first"),
        ({"note": "x" * 1_001}, 400, "at most 1000 printable"),
    ],
    ids=["no day", "today", "turned round", "nothing known", "long note"],
)
def test_a_refused_form_comes_back_as_it_was(site: Site, fields: dict[str, str], status: int, says: str) -> None:
    before = listing(site)
    refused = freeze(site, **fields)
    assert refused.status_code == status
    assert says[1:] in refused.text
    assert all(f'value="{value}"' in refused.text for name, value in fields.items() if name != "note")
    assert listing(site) == before


def test_readers_of_money_look_and_administrators_alone_act(site: Site) -> None:
    if not listing(site):
        freeze(site)
    waiting = listing(site)[0].version
    reads = {"executive", "operational"}
    for level in LEVELS:
        for path in (PATH, f"{PATH}.csv", f"{PATH}/{waiting}.csv", "/api/v1/baselines"):
            assert site.server.get(path, level).status_code == (200 if level in reads else 403), (level, path)
    seen = text(site, "executive")
    assert "Freeze a window" not in seen
    assert 'action="/business/baselines' not in seen
    assert freeze(site, "executive").status_code == 403
    for decision in ("approve", "reject"):
        assert site.post("executive", f"{PATH}/{waiting}/{decision}", confirm="yes").status_code == 403
    with site.signed_in("customersuccess") as client:
        assert client.get(PATH).status_code == 403
    with site.visitor() as client:
        assert client.get(PATH).headers["location"].startswith("/login")


def test_forms_of_other_sites_and_tokens_are_refused(site: Site) -> None:
    before = listing(site)
    with site.signed_in("anna") as client:
        assert client.post(PATH, data={"first": str(FIRST), "last": str(LAST)}).status_code == 403
    headers = {"Authorization": f"Bearer {site.server.tokens['executive']}"}
    assert httpx.post(f"{site.url}{PATH}", data={"first": str(FIRST)}, headers=headers).status_code == 403
    assert listing(site) == before


@pytest.mark.parametrize(("path", "status"), [("/999/approve", 404), ("/1/sell", 400), ("/x/approve", 400)])
def test_what_is_not_there_is_said(site: Site, path: str, status: int) -> None:
    assert site.post("ben", f"{PATH}{path}", confirm="yes").status_code == status


def test_what_is_shown_is_in_files_and_json(site: Site) -> None:
    if not listing(site):
        freeze(site)
    newest = listing(site)[0]
    rows = site.server.get(f"{PATH}.csv", "executive").text.splitlines()
    assert rows[0].startswith(
        "\ufeffversion,state,first,last,currency,site,good,scrap_rate,unit_cost,productivity,stock"
    )
    assert rows[1].startswith(f"{newest.version},{newest.state},{FIRST},{LAST},EUR,(all),100.0,0.2,12.34,0.8,9000.0")
    sums = site.server.get(f"{PATH}/{newest.version}.csv", "executive").text.splitlines()
    assert sums[1].startswith("Kiel,P,100.0,25.0,100.0,500.0,125.0,1234.0,")
    told = site.server.get("/api/v1/baselines", "executive").json()
    first = told["baselines"][0]
    assert (told["hours"], first["version"], first["days"], first["total"]["unit_cost"]) == (
        "paid",
        newest.version,
        90,
        12.34,
    )
    assert set(first["sites"]) == {"Kiel", "<b>Ulm</b>"}
    engine = open_database(site.server.root)
    actors = {entry.actor for entry in audit.entries(engine) if entry.action.startswith("baseline.")}
    engine.dispose()
    assert actors <= {"anna@example.org", "ben@example.org"}


def test_the_inner_page_alone_is_marked_in_the_navigation(site: Site) -> None:
    with site.signed_in("ben") as client:
        for path in ("/business", PATH):
            nav = client.get(path).text.split("</nav>")[0]
            assert nav.count("aria-current") == 1
            assert f'<a href="{path}" aria-current="page">' in nav


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_a_person_freezes_and_another_approves_in_the_browser(
    browser: Browser, site: Site, scheme: Literal["light", "dark"], width: int
) -> None:
    def visit(email: str) -> Page:
        page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        page.goto(f"{site.url}{PATH}")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{PATH}")
        return page

    anna = visit("anna@example.org")
    anna.get_by_label("Note").fill(f"{scheme} months")
    anna.get_by_role("button", name="Freeze").click()
    anna.get_by_text("You froze it").first.wait_for()
    assert violations(anna) == []
    assert anna.evaluate("document.documentElement.scrollWidth") <= width
    version = listing(site)[0].version
    ben = visit("ben@example.org")
    waiting = ben.locator(f"#version-{version}")
    waiting.get_by_label("I have looked at the values").check()
    waiting.get_by_role("button", name="Approve").click()
    ben.locator(f"#version-{version}").get_by_text("approved", exact=True).first.wait_for()
    assert violations(ben) == []
    for page in (anna, ben):
        page.context.close()
