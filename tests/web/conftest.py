from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.served import LEVELS, Served, served

from lopan.control import users
from lopan.control.database import open_database

PASSWORD = "a quiet harbour"

UNREACHABLE = """[[connect.sql]]
name = "books"
kind = "sqlite"
database = "/nowhere/<b>.db"
mappings = ["erpnext_issue"]
"""


class Site:
    """A served Lopan with two releases' worth of events, a person of every level, and a technical administrator."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.url = server.url
        self._cookies: dict[str, httpx.Cookies] = {}

    def email(self, level: str) -> str:
        return f"{level}@example.org".lower()

    def visitor(self, cookies: httpx.Cookies | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.url, cookies=cookies, timeout=30, headers={"Accept": "text/html"})

    def post(self, level: str, path: str, **fields: str) -> httpx.Response:
        """A form of a page of that level's person, with its token."""
        with self.signed_in(level) as client:
            found = re.search('name="csrf" value="([0-9a-f]+)"', client.get("/alerts").text)
            assert found is not None
            return client.post(path, data={"csrf": found[1], **fields})

    def signed_in(self, level: str) -> httpx.Client:
        if level not in self._cookies:
            with self.visitor() as client:
                found = re.search('name="csrf" value="([0-9a-f]+)"', client.get("/login").text)
                assert found is not None
                fields = {"csrf": found[1], "next": "/", "email": self.email(level), "password": PASSWORD}
                assert client.post("/login", data=fields).status_code == 303
                self._cookies[level] = client.cookies
        return self.visitor(self._cookies[level])


def events(release: str, launch_ms: float, count: int = 40, **fields: Any) -> list[dict[str, Any]]:
    """``count`` launches, scrolls, memory samples and sessions in the last minutes, all alike."""
    now = datetime.now(UTC) - timedelta(seconds=2)
    made: list[dict[str, Any]] = []
    for number in range(count):
        shared = {"time": (now - timedelta(seconds=number)).isoformat(), "release": release, **fields}
        made += [
            {"type": "app_launch", "duration_ms": launch_ms, **shared},
            {"type": "frame_stats", "duration_s": 2.0, "frames": 118, "scrolling": True, **shared},
            {"type": "memory", "footprint_mb": 128.0, **shared},
            {"type": "session", "status": "exited", "session": f"{release}-{number}-{now.timestamp()}", **shared},
        ]
    return made


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("site"), UNREACHABLE) as server:
        engine = open_database(server.root)
        for level in LEVELS:
            users.add(engine, f"{level}@example.org".lower(), PASSWORD, [level])
        users.add(engine, "admin@example.org", PASSWORD, ["technical"], admin=True)
        users.add(engine, "second@example.org", PASSWORD, ["technical"])
        engine.dispose()
        server.send(events("2.1.0", 1_000.0, device="iPhone15,2"))
        server.send(events("2.0.0", 1_600.0, device='<script>alert("x")</script>'))
        server.metric_when("app_launch_time", 80)
        yield Site(server)


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Through the form, as a person does, ending on the Performance page."""
    page.goto(f"{url}/performance")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/performance")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()
