from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.served import LEVELS, Served
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
