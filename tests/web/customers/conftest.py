from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.served import LEVELS, Served, served
from tests.web.conftest import PASSWORD, Site
from tests.web.people import crowd

from lopan.control import tokens, users
from lopan.control.database import open_database

EVIL = '<img src=x onerror="alert(1)">'


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def events() -> list[dict[str, Any]]:
    """North was used by eight people and is by two; South by three of four; West, which bought nothing, by one."""
    made: list[dict[str, Any]] = []
    for customer, users_then, users_now in (("north", 8, 2), ("south", 3, 3), ("west", 1, 1)):
        for number in range(users_then):
            for days in (40, 35) + ((10, 3) if number < users_now else ()):
                who = {"user": f"{customer}-{number}", "customer": customer, "time": ago(days), "release": "2.1.0"}
                made.append({"type": "action", "feature": "orders", "action": "complete", **who})
    shared = {"customer": "north", "user": "north-0", "session": "7" * 32, "release": "2.1.0"}
    run = {"type": "workflow", "workflow": "order", "instance": "r1", "step": "open"}
    made.append({**run, **shared, "time": ago(2)})
    made.append(
        {"type": "crash", "exception": EVIL, "message": "null", "frames": ["draw", "main"], **shared, "time": ago(1.99)}
    )
    made.append({"type": "crash", "exception": "Oom", "user": "w", "customer": "west", "time": ago(1.5)})
    return made


_TICKET = {"key": "1", "ticket": "T1", "customer": "north", "event": "opened", "priority": "critical"}
_ANSWER = {"key": "1", "survey": "yearly", "customer": "north", "user": "p", "scale": "csat", "score": 2}
_NORTH = {"key": "1", "account": "north", "name": f"North {EVIL}", "owner": "Ada", "contact": "it@north.example"}
FACTS: dict[str, list[dict[str, Any]]] = {
    "contract": [
        {"key": "1", "account": "north", "started": ago(300), "seats": 10, "mrr": "900", "renews": ago(-30)[:10]},
        {"key": "2", "account": "south", "started": ago(30), "seats": 4, "mrr": "100", "features": "orders, stock"},
    ],
    "account": [{**_NORTH, "valid_from": ago(300)[:10]}],
    "ticket_event": [{**_TICKET, "at": ago(5), "due": ago(4)}],
    "survey_response": [{**_ANSWER, "at": ago(6)}],
}


@pytest.fixture(scope="package")
def business(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("business")
    (root / "lopan.d" / "product").mkdir(parents=True)
    product = '[[feature]]\nid = "orders"\ncore = true\n[[workflow]]\nid = "order"\nsteps = ["open", "send"]\n'
    (root / "lopan.d" / "product" / "app.toml").write_text(product, encoding="utf-8")
    with served(root, "[ingest]\noldest_days = 90\n") as server:
        engine = open_database(server.root)
        users.add(engine, "both@example.org", PASSWORD, ["customerSuccess", "executive", "technical"])
        for level in LEVELS:
            users.add(engine, f"{level}@example.org".lower(), PASSWORD, [level])
        writer = tokens.create(engine, [], "writer", feeds=True)
        server.tokens["both"] = tokens.create(engine, ["customerSuccess", "executive", "technical"], "both")
        engine.dispose()
        server.send(events())
        for fact, rows in FACTS.items():
            answer = httpx.post(
                f"{server.url}/v1/facts/{fact}?source=crm",
                json=rows,
                headers={"Authorization": f"Bearer {writer}"},
                timeout=30,
            )
            assert answer.json()["rejected"] == [], answer.text
        _settled(server)
        yield Site(server)


def _settled(server: Served) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = server.get("/api/v1/crashes", "technical").json()
        if len(found["groups"]) == 2:
            return
        time.sleep(0.05)
    raise AssertionError(server.log())


@pytest.fixture
def manager(browser: Browser, business: Site) -> Iterator[Page]:
    """Somebody of customer success who is an executive and technical, too; the page must not complain."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    crowd.signed_in(page, business.url, "both@example.org")
    yield page
    context.close()
    assert heard == []
