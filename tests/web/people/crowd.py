"""A small crowd whose every figure is known: 40 salespeople, 12 warehouse keepers, 3 night guards nobody defined."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect
from tests.served import Served
from tests.web.conftest import PASSWORD, Site

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PRODUCT = """
[[role]]
id = "salesperson"

[[role]]
id = "warehouseKeeper"

[[feature]]
id = "orders"
core = true
roles = ["salesperson"]

[[feature]]
id = "stock"

[[workflow]]
id = "receive_goods"
steps = ["scan", "count", "shelve"]
window = "1h"
target = 80

[[survey]]
id = "pulse"
scale = "csat"
question = "How is it?"
target = 4.5
warning = 4.0
critical = 3.5
"""
EVERYTHING = "everything@example.org"
EVIL = '<img src=x onerror="alert(1)">'
ROLES = {"salesperson": 40, "warehouseKeeper": 12, "nightGuard": 3}
COMPLETED, RUNS, LOST = 30, {"salesperson": 60, "warehouseKeeper": 40}, 16
COMMENTS = 20

Event = dict[str, Any]


def moment(days: int, seconds: float = 0) -> datetime:
    """Noon UTC so many days ago, and later by ``seconds``."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=days) + timedelta(seconds=seconds)


def who(role: str, number: int) -> Event:
    """Who did it, as events say it."""
    return {"user": f"{role}-{number}", "role": role, "release": "2.1.0", "customer": "North"}


def everybody() -> Iterator[tuple[str, int]]:
    """Every person by role and number."""
    return ((role, number) for role, people in ROLES.items() for number in range(people))


def used(role: str, number: int, feature: str, action: str, at: datetime) -> Event:
    """One use of a feature."""
    return {"type": "action", "feature": feature, "action": action, "time": at.isoformat(), **who(role, number)}


def run(role: str, number: int, begun: datetime, passed: int) -> list[Event]:
    """A run of receive_goods that passes so many steps, 10 s apart."""
    return [
        {
            "type": "workflow",
            "workflow": "receive_goods",
            "instance": f"{role}-{number}-{begun.isoformat()}",
            "step": step,
            "status": "completed",
            "time": (begun + timedelta(seconds=10 * index)).isoformat(),
            **who(role, number % ROLES[role]),
        }
        for index, step in enumerate(("scan", "count", "shelve")[:passed])
    ]


def said(role: str, number: int, score: float, survey: str = "pulse", scale: str = "csat", comment: str = "") -> Event:
    """One answer."""
    at = moment(2, number)
    fields = {"survey": survey, "scale": scale, "score": score, "comment": comment}
    return {"type": "feedback", "time": at.isoformat(), **fields, **who(role, number)}


def events() -> list[Event]:
    """All that happened: ten days ago everybody came and ten ordered, two days ago thirty did."""
    made: list[Event] = []
    for role, number in everybody():
        made += [used(role, number, "stock", "open", moment(days)) for days in (10, 2)]
        made.append({"type": "session", "session": f"{role}-{number}", "status": "exited", "duration_s": 600}
                    | {"time": moment(2).isoformat(), **who(role, number)})  # fmt: skip
    made += [used("salesperson", number, "orders", "complete", moment(10)) for number in range(10)]
    made += [used("salesperson", number, "orders", "complete", moment(2)) for number in range(COMPLETED)]
    made += [used("salesperson", number, "stock", "complete", moment(2)) for number in range(10)]
    made += [used("warehouseKeeper", number, "stock", "complete", moment(2)) for number in range(12)]
    for role, runs in RUNS.items():
        for number in range(runs):
            stuck = role == "warehouseKeeper" and number < LOST
            made += run(role, number, moment(2, 60 * number), 2 if stuck else 3)
    made += [said("salesperson", number, 5 if number % 2 else 4, comment=f"word {number}") for number in range(36)][:36]
    made += [said("warehouseKeeper", number, 2, comment=EVIL if number == 0 else "") for number in range(12)]
    made += [said("salesperson", number, 9 if number < 6 else 3, "advocacy", "nps") for number in range(10)]
    for index, event in enumerate(
        one for one in made if one["type"] == "feedback" and one["comment"].startswith("word")
    ):
        if index >= COMMENTS:
            event["comment"] = ""
    return made


def settled(server: Served) -> None:
    """Wait until the last of them can be asked for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = server.get("/api/v1/satisfaction", "customerSuccess").json()
        if sum(one["score"]["n"] for one in found["scales"]) == 36 + 12 + 10:
            return
        time.sleep(0.05)
    raise AssertionError(server.log())


def feature(server: Served, name: str) -> dict[str, Any]:
    """One feature as the API gives it."""
    held = server.get("/api/v1/features", "operational").json()["features"]
    found: dict[str, Any] = next(one for one in held if one["id"] == name)
    return found


def opened(page: Page, site: Site, address: str) -> None:
    """Open a page and wait until it is live."""
    page.goto(f"{site.url}{address}")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")


def violations(page: Page) -> list[str]:
    """Serious and critical findings of axe, with the element and what is wrong with it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def signed_in(page: Page, url: str, email: str) -> None:
    """Through the form."""
    page.goto(f"{url}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)


def status(site: Site, level: str, address: str) -> int:
    """What a holder of that level's token is answered."""
    token = site.server.tokens[level]
    return httpx.get(f"{site.url}{address}", headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code
