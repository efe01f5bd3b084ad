"""What came in is listed for administrators alone, with what was refused, and can be taken back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser
from tests.web.conftest import PASSWORD, Site, sign_in

from lopan.control import batches, tokens
from lopan.control.database import open_database

ROW = {"key": "1", "day": "2026-01-02", "type": "scrap", "amount": 1.5, "currency": "EUR"}


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    engine = open_database(site.server.root)
    made = tokens.create(engine, [], "erp", feeds=True)
    engine.dispose()
    return made


def send(site: Site, token: str, rows: list[dict[str, Any]]) -> str:
    answer = httpx.post(
        f"{site.url}/v1/facts/cost?source=erp", json=rows, headers={"Authorization": f"Bearer {token}"}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["batch"])


def test_a_batch_is_shown_with_its_refused_rows_and_undone(site: Site, token: str) -> None:
    batch = send(site, token, [ROW, ROW | {"key": "2", "amount": "<b>?</b>"}])
    with site.signed_in("admin") as client:
        assert f"/imports/{batch}" in client.get("/imports?fact=cost").text
        assert f"/imports/{batch}" not in client.get("/imports?fact=labour").text
        shown = client.get(f"/imports/{batch}").text
        assert "1 rows taken, 1 refused" in shown
        assert "&lt;b&gt;" in shown
        assert "<b>?</b>" not in shown
        file = client.get(f"/imports/{batch}/refused.csv").text
        assert file.splitlines()[1].startswith("2,amount,")
    assert site.post("admin", f"/imports/{batch}/undo").status_code == 400
    assert state(site, batch) == "loaded", "nobody ticked the box"
    assert site.post("admin", f"/imports/{batch}/undo", confirm="yes").status_code == 303
    assert state(site, batch) == "undone"


def state(site: Site, batch: str) -> str:
    engine = open_database(site.server.root)
    found = batches.get(engine, batch).state
    engine.dispose()
    return found


@pytest.mark.parametrize("level", ["executive", "operational", "technical", "customerSuccess"])
def test_only_administrators_look_and_undo(site: Site, token: str, level: str) -> None:
    batch = send(site, token, [ROW])
    with site.signed_in(level) as client:
        for path in ("/imports", f"/imports/{batch}", f"/imports/{batch}/refused.csv"):
            assert client.get(path).status_code == 403, path
    assert site.post(level, f"/imports/{batch}/undo", confirm="yes").status_code == 403
    assert state(site, batch) == "loaded"


@pytest.mark.parametrize(
    ("path", "status"), [("/imports/nonsense", 404), ("/imports?fact=nonsense", 400), ("/imports?before=x", 400)]
)
def test_what_is_not_there_is_said(site: Site, path: str, status: int) -> None:
    with site.signed_in("admin") as client:
        assert client.get(path).status_code == status


@pytest.mark.browser
def test_a_person_undoes_a_batch_in_the_browser(site: Site, token: str, browser: Browser) -> None:
    batch = send(site, token, [ROW, ROW | {"key": "2", "amount": "?"}])
    with browser.new_context() as context:
        page = context.new_page()
        sign_in(page, site.url, "admin@example.org", PASSWORD)
        page.get_by_role("link", name="Imports").click()
        page.locator(f'a[href="/imports/{batch}"]').click()
        page.get_by_label("I know that every figure").check()
        page.get_by_role("button", name="Undo this batch").click()
        page.get_by_text("undone").first.wait_for()
