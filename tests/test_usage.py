"""Usage through a real server: a workflow defined in a file alone, and figures that move with what comes in."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.served import Served, served

PATIENCE_SECONDS = 30
DEFINED = """
[[workflow]]
id = "weld"
steps = ["load", "unload"]
window = "10m"
"""


def step(user: str, name: str, at: datetime) -> dict[str, Any]:
    return {"type": "workflow", "workflow": "weld", "step": name, "instance": "1", "user": user, "time": at.isoformat()}


def becomes(server: Served, metric: str, level: str, expected: tuple[float | None, int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: tuple[float | None, int] = (None, -1)
    while found != expected and time.monotonic() < deadline:
        answer = server.get(f"/api/v1/metrics/{metric}", level, **{"from": "-7d"})
        assert answer.status_code == 200, answer.text
        found = (answer.json()["value"], answer.json()["n"])
        time.sleep(0.05)
    assert found == expected, server.log()


def test_a_workflow_and_an_opinion_move_their_figures(tmp_path: Path) -> None:
    (tmp_path / "lopan.d" / "product").mkdir(parents=True)
    (tmp_path / "lopan.d" / "product" / "own.toml").write_text(DEFINED, encoding="utf-8")
    begun = datetime.now(UTC) - timedelta(minutes=20)
    with served(tmp_path, "") as server:
        server.send([step("anna", "load", begun), step("bert", "load", begun)])
        becomes(server, "workflow_completion", "operational", (0.0, 2))
        server.send([step("anna", "unload", begun + timedelta(minutes=5))])
        becomes(server, "workflow_completion", "operational", (50.0, 2))
        server.send([{"type": "feedback", "survey": "csat", "score": 3, "user": "anna", "time": begun.isoformat()}])
        becomes(server, "customer_satisfaction", "customerSuccess", ((3 + 5 * 4.5) / 6, 1))
        assert server.get("/api/v1/metrics/workflow_completion", "customerSuccess").status_code == 403
        assert server.get("/api/v1/metrics/nps", "operational").status_code == 403
