"""Directives as people and machines make them: who may, what is refused, and that the app is told at once."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from tests.control.test_directives import CONTENTS, body
from tests.served import LEVELS
from tests.web.conftest import PASSWORD, Site, sign_in
from tests.web.silent import silent_app

from lopan.analytics.reach import Reaches
from lopan.control import audit, keys
from lopan.control import directives as control
from lopan.control.database import open_database
from lopan.control.directive import read
from lopan.store import Chdb, Readers
from lopan.web import csrf, schema
from lopan.web.directives import load, response_rate

if TYPE_CHECKING:
    from tests.conftest import ManualClock

MADE = {"admin"}
READERS = {"technical", "admin"}
EVERYONE = (*LEVELS, "admin")


def token(client: httpx.Client) -> str:
    return csrf.token(client.cookies["lopan_session"])


def form(client: httpx.Client, kind: str = "kill_switch", **more: str) -> dict[str, str]:
    own = {name: str(value) for name, value in CONTENTS[kind].items()}
    return {"csrf": token(client), "kind": kind, "project": "1", **own, **more}


def make(site: Site, kind: str = "kill_switch", **more: str) -> int:
    with site.signed_in("admin") as client:
        answer = client.post("/directives", data=form(client, kind, **({"confirm": "yes"} | more)))
        assert answer.status_code == 303, answer.text
        return int(answer.headers["location"].rpartition("/")[2])


def told(site: Site, **said: str) -> dict[int, dict[str, Any]]:
    answer = httpx.get(f"{site.url}/v1/directives", params=said, headers=site.server.key_header())
    return {int(one["id"]): one for one in answer.json()["directives"]}


def listed(site: Site, number: int) -> dict[str, Any]:
    found = site.server.get("/api/v1/directives").json()["directives"]
    (one,) = [one for one in found if one["id"] == number]
    schema.DirectiveModel.model_validate(one)
    return dict(one)


@pytest.mark.parametrize("level", EVERYONE)
def test_who_may_look_and_who_may_act(site: Site, level: str) -> None:
    number = make(site)
    look, act = (200 if level in READERS else 403), (303 if level in MADE else 403)
    with site.signed_in(level) as client:
        for path in ("/directives", f"/directives/{number}", "/api/v1/directives"):
            assert client.get(path).status_code == look, path
        assert client.get("/directives/new").status_code == (200 if level in MADE else 403)
        fields = form(client, confirm="yes")
        for path in ("/directives", f"/directives/{number}", f"/directives/{number}/end"):
            assert client.post(path, data=fields | {"revision": "1"}).status_code == act, path
        headers = {"X-CSRF-Token": token(client)}
        made = client.post("/api/v1/directives", json=body(), headers=headers)
        assert made.status_code == (201 if level in MADE else 403)
        page = client.get(f"/directives/{number}").text
        assert "End it now" not in page


@pytest.mark.parametrize("level", LEVELS)
def test_a_token_reads_and_never_acts(site: Site, level: str) -> None:
    assert site.server.get("/api/v1/directives", level).status_code == (200 if level in READERS else 403)
    headers = {"Authorization": f"Bearer {site.server.tokens[level]}"}
    assert httpx.post(f"{site.url}/api/v1/directives", json=body(), headers=headers).status_code == 403


def test_nobody_acts_from_another_page(site: Site) -> None:
    number = make(site)
    with site.visitor() as client:
        assert client.post("/directives", data={}).status_code == 303
        assert client.post("/api/v1/directives", json=body()).status_code == 401
    with site.signed_in("admin") as client:
        good = form(client, confirm="yes")
        for path in ("/directives", f"/directives/{number}", f"/directives/{number}/end"):
            assert client.post(path, data=good | {"csrf": "0" * 64}).status_code == 403
            assert client.post(path, data=good, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        for headers in ({}, {"X-CSRF-Token": "0"}, {"X-CSRF-Token": token(client), "Origin": "https://evil.example"}):
            assert client.post("/api/v1/directives", json=body(), headers=headers).status_code == 403
            assert client.post(f"/api/v1/directives/{number}/end", headers=headers).status_code == 403
    assert number in told(site)


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_the_form_says_is_what_the_app_is_told_at_once(site: Site, kind: str) -> None:
    extra = {"releases": f"<2.2.1\r\n{kind}", "roles": "cook\r\n\r\n chef ", "share": "100", "priority": "90"}
    number = make(site, kind, ends="2199-01-01T10:30", **extra)

    found = told(site, release="2.2.0", role="chef")[number]
    assert found.items() >= {"kind": kind, **CONTENTS[kind], "priority": 90, "ends": "2199-01-01T10:30:00Z"}.items()
    assert number not in told(site, release="2.2.1", role="chef")
    assert number in told(site, release=kind, role="cook")
    assert listed(site, number)["targets"]["roles"] == ["cook", "chef"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"confirm": ""}, "Confirm: tick the box", id="kill switch without a confirmation"),
        pytest.param({"feature": ""}, "Feature: Expected `str` of length", id="empty"),
        pytest.param({"releases": "<two"}, "Releases: write a release (2.2.0) or a range", id="range"),
        pytest.param({"share": "none"}, "Share: Expected `float`", id="share"),
        pytest.param({"ends": "2001-01-01T00:00"}, "Ends: must lie in the future", id="past"),
        pytest.param({"ends": "soon"}, "Ends: expected a date and time", id="no time"),
        pytest.param({"project": "77"}, "Project: there is no project 77", id="project"),
        pytest.param({"kind": "shout"}, "known kinds", id="kind"),
    ],
)
def test_a_refusal_names_the_field_and_keeps_what_was_written(site: Site, change: dict[str, str], says: str) -> None:
    with site.signed_in("admin") as client:
        answer = client.post("/directives", data=form(client, confirm="yes", roles="<i>chef</i>") | change)

    assert answer.status_code == 400
    assert says.replace("<", "&lt;") in answer.text
    assert "&lt;i&gt;chef&lt;/i&gt;</textarea>" in answer.text


def test_a_change_reaches_the_app_and_two_people_do_not_overwrite_each_other(site: Site) -> None:
    number = make(site, starts="2026-01-01T00:00")
    with site.signed_in("admin") as client:
        changed = form(client, confirm="yes", feature="import", revision="1", starts="2026-01-01T00:00")
        assert client.post(f"/directives/{number}", data=changed).status_code == 303
        again = client.post(f"/directives/{number}", data=changed)

    assert told(site)[number]["feature"] == "import"
    assert again.status_code == 400
    assert "Revision: admin@example.org changed it in the meantime" in again.text


def test_an_end_reaches_the_app_and_asks_twice_for_a_kill_switch(site: Site) -> None:
    number = make(site)
    with site.signed_in("admin") as client:
        fields = {"csrf": token(client)}
        assert client.post(f"/directives/{number}/end", data=fields).status_code == 400
        assert number in told(site)
        assert client.post(f"/directives/{number}/end", data=fields | {"confirm": "yes"}).status_code == 303
        page = client.get(f"/directives/{number}").text
    assert number not in told(site)
    assert "ended</span>" in page
    assert "End it now" not in page


def test_by_machine_with_an_administrators_session(site: Site) -> None:
    with site.signed_in("admin") as client:
        headers = {"X-CSRF-Token": token(client)}
        made = client.post("/api/v1/directives", json=body("sampling", targets={"users": ["robot"]}), headers=headers)
        number = made.json()["id"]
        schema.DirectiveModel.model_validate(made.json())
        assert number in told(site, user="robot")
        ended = client.post(f"/api/v1/directives/{number}/end", headers=headers).json()
        refused = client.post("/api/v1/directives", json=body(priority=101), headers=headers)
        missing = client.post("/api/v1/directives/999999/end", headers=headers)

    assert (ended["state"], ended["made_by"]) == ("ended", "admin@example.org")
    assert number not in told(site, user="robot")
    assert (refused.status_code, refused.json()["place"]) == (400, "priority")
    assert missing.status_code == 404
    active = site.server.get("/api/v1/directives", state="active").json()["directives"]
    assert {one["state"] for one in active} == {"active"}


def test_acknowledgements_become_reach(site: Site) -> None:
    number = make(site, "survey", survey=f"s{datetime.now(UTC).timestamp()}")
    survey = told(site)[number]["survey"]
    now = datetime.now(UTC) - timedelta(seconds=5)
    shared = {"time": now.isoformat(), "directive": str(number)}
    answer = {"type": "feedback", "time": now.isoformat(), "survey": survey, "score": 4, "user": "ann"}
    sent = [{"type": "directive", "outcome": "shown", "user": user, **shared} for user in ("ann", "bob", "ann")]
    assert site.server.send([*sent, answer])["accepted"] == 4
    refused = site.server.send([{"type": "directive", "outcome": "seen", **shared}])["rejected"]
    assert refused[0]["field"] == "outcome"

    deadline = time.monotonic() + 30
    while (reach := listed(site, number)["reach"])["n"] < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (reach["shown"], reach["dismissed"], reach["n"]) == (2, 0, 3)
    with site.signed_in("technical") as client:
        page = client.get(f"/directives/{number}").text
    assert "50.0 %, 1 of 2" in page


def test_an_alert_fills_the_form_by_its_playbook(site: Site) -> None:
    with site.signed_in("admin") as client:
        page = client.get("/directives/new?kind=memory_cleanup&alert=7&playbook=memory-usage&releases=2.1.0").text

    assert 'name="alert" value="7"' in page
    assert ">2.1.0</textarea>" in page
    assert 'name="level"' in page


def test_every_act_is_in_the_audit_log(site: Site) -> None:
    number = make(site)
    engine = open_database(site.server.root)
    (entry,) = [
        entry for entry in audit.entries(engine, 500) if entry.subject == str(number) and "directive" in entry.action
    ]
    engine.dispose()
    assert (entry.actor, entry.action, entry.detail) == (
        "admin@example.org",
        "directive.create",
        "kill_switch: export off",
    )


@pytest.mark.anyio
async def test_a_store_that_is_busy_takes_the_reach_away_and_not_the_list(
    engine: Engine, clock: ManualClock, tmp_path: Path
) -> None:
    keys.create(engine, "app")
    made = control.create(
        engine, read({"project": 1, "content": {"kind": "survey", **CONTENTS["survey"]}}), "ann", clock
    )
    store = await asyncio.to_thread(Chdb, tmp_path / "store", 500_000_000)
    await asyncio.to_thread(store.close)
    readers = Readers(store, 1)
    parts = replace(silent_app(engine, clock).state.parts, reach=Reaches(readers))

    (line,) = await load(parts, [made])
    assert (line.directive, line.state, line.reach) == (made, "active", None)
    assert await response_rate(parts, made) is None
    readers.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_an_administrator_sends_a_kill_switch(browser: Browser, site: Site, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    sign_in(page, site.url, site.email("admin"), PASSWORD)
    page.goto(f"{site.url}/directives")
    page.get_by_role("link", name="Kill switch", exact=True).click()
    page.get_by_role("textbox", name="Feature").fill(f"share sheet {width}")
    page.get_by_label("Releases").fill("<2.2.1")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile("/directives/new"))
    page.get_by_label("I know that this switches").check()
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"share sheet {width} off")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert f"share sheet {width}" in {
        one["feature"] for one in told(site, release="2.2.0").values() if "feature" in one
    }
    page.get_by_label("I know that every app").check()
    page.get_by_role("button", name="End it now").click()
    expect(page.locator(".page-head .pill")).to_have_text("ended")
    page.goto(f"{site.url}/directives")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert heard == []
