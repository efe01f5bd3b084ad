"""A served Lopan with five weeks of a small known fleet, and a person of every level."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.served import LEVELS, Served, served
from tests.web.conftest import PASSWORD, Site

from lopan.control import users
from lopan.control.database import open_database

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
