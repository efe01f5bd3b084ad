from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.served import LEVELS, Served, served
from tests.web.conftest import PASSWORD, Site
from tests.web.people import crowd, regulars

from lopan.control import users
from lopan.control.database import open_database


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served Lopan with the crowd of ``crowd.py``, a person of every level, and one of all that see people."""
    root = tmp_path_factory.mktemp("crowd")
    (root / "lopan.d" / "product").mkdir(parents=True)
    (root / "lopan.d" / "product" / "app.toml").write_text(crowd.PRODUCT, encoding="utf-8")
    server = Served(root)
    engine = open_database(root)
    for level in LEVELS:
        users.add(engine, f"{level}@example.org".lower(), PASSWORD, [level])
    users.add(engine, crowd.EVERYTHING, PASSWORD, ["operational", "customerSuccess"])
    engine.dispose()
    server.start()
    try:
        server.send(crowd.events())
        crowd.settled(server)
        yield Site(server)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def reader(browser: Browser, crowded: Site) -> Iterator[Page]:
    """A page of somebody who sees all about people; scripts and policy may not complain."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    crowd.signed_in(page, crowded.url, crowd.EVERYTHING)
    yield page
    context.close()


@pytest.fixture
def complaints(reader: Page) -> Iterator[list[str]]:
    """Errors of scripts and breaches of the policy, which the browser writes to its console."""
    heard: list[str] = []
    reader.on("pageerror", lambda error: heard.append(str(error)))
    reader.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    yield heard
    assert heard == []


@pytest.fixture(scope="session")
def regular(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served Lopan with the people of ``regulars.py``, a person of every level, and one of all that see people."""
    root = tmp_path_factory.mktemp("regulars")
    server = Served(root, regulars.SETTINGS)
    engine = open_database(root)
    for level in LEVELS:
        users.add(engine, f"{level}@example.org".lower(), PASSWORD, [level])
    users.add(engine, crowd.EVERYTHING, PASSWORD, ["operational", "customerSuccess", "executive"])
    engine.dispose()
    server.start()
    try:
        server.send(regulars.events())
        regulars.settled(server)
        yield Site(server)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def regular_reader(browser: Browser, regular: Site) -> Iterator[Page]:
    """As ``reader``, where the regulars are; what scripts and policy complain of fails the last test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    crowd.signed_in(page, regular.url, crowd.EVERYTHING)
    yield page
    context.close()
    assert heard == []


PRODUCT = """
[[role]]
id = "salesperson"
title = "Sales"
[[role]]
id = "warehouseKeeper"
[[feature]]
id = "orders"
title = "Orders"
core = true
[[feature]]
id = "stock"
title = "Stock count"
roles = ["warehouseKeeper"]
target = 50
[[workflow]]
id = "order"
title = "Place an order"
steps = ["open", "send"]
window = "1h"
target = 80
[[survey]]
id = "after_order"
title = "After an order"
scale = "csat"
"""
PEOPLE = 40
PERIOD = "28d"


def fleet(now: datetime) -> list[dict[str, Any]]:
    """Forty people over 28 days, the more of them the later; half of them warehouse keepers, one feature each."""
    events: list[dict[str, Any]] = []
    for back in range(28, 0, -1):
        at = now - timedelta(days=back)
        for number in range(PEOPLE - back):
            role = "warehouseKeeper" if number % 2 else "salesperson"
            shared = {"user": f"u{number}", "role": role, "release": "2.1.0", "customer": "north"}
            shared["time"] = (at + timedelta(seconds=number)).isoformat()
            feature = "stock" if number % 4 == 1 else "orders"
            events.append({"type": "action", "feature": feature, "action": "complete", **shared})
            run = {"workflow": "order", "instance": f"{back}-{number}"}
            events.append({"type": "workflow", **run, "step": "open", **shared})
            if number % 4:
                later = {"time": (at + timedelta(seconds=number + 60)).isoformat()}
                events.append({"type": "workflow", **run, "step": "send", **shared, **later})
            if back == 2:
                score = 3 + number % 3
                events.append({"type": "feedback", "survey": "after_order", "scale": "csat", "score": score, **shared})
    return events


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("people")
    (root / "lopan.d" / "product").mkdir(parents=True)
    (root / "lopan.d" / "product" / "app.toml").write_text(PRODUCT, encoding="utf-8")
    settings = '[notify.email]\nhost = "127.0.0.1"\nport = 9\nsender = "lopan@example.org"\n'
    with served(root, settings) as server:
        engine = open_database(server.root)
        for level in LEVELS:
            users.add(engine, f"{level}@example.org".lower(), PASSWORD, [level])
        users.add(engine, "admin@example.org", PASSWORD, ["technical"], admin=True)
        engine.dispose()
        noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        events = fleet(noon)
        server.send(events)
        _arrived(server)
        yield Site(server)


def _arrived(server: Served) -> None:
    for _ in range(300):
        answer = server.get("/api/v1/report", "operational", period=PERIOD)
        assert answer.status_code == 200, answer.text
        figures = {one["id"]: one for section in answer.json()["sections"] for one in section["figures"]}
        if figures["total_users"]["value"] == PEOPLE - 1:
            return
    raise AssertionError(httpx.get(server.url).text)
