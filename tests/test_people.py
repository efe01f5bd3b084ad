"""People through a real server: today moves at once, late events and merges change the past, kill -9 loses none."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.served import Served, served

PATIENCE_SECONDS = 30


def use(user: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"type": "action", "feature": "orders", "time": at.isoformat(), "user": user, **more}


def seen(server: Served) -> tuple[float | None, float | None]:
    """Daily active users of yesterday, the last complete day, and of today so far."""
    answer = server.get("/api/v1/metrics/dau", "operational", **{"from": "-3d"})
    assert answer.status_code == 200, answer.text
    metric = answer.json()
    assert metric["series"] == [] or metric["series"][-1]["partial"]
    return metric["value"], metric["series"][-1]["value"] if metric["series"] else None


def becomes(server: Served, expected: tuple[float, float]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while seen(server) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen(server) == expected, server.log()


def test_people_of_today_and_of_the_past(tmp_path: Path) -> None:
    # Days of a zone in which it is now about noon, so that no midnight passes meanwhile.
    offset = 12 - datetime.now(UTC).hour
    zone = f"Etc/GMT{-offset:+d}" if offset else "UTC"
    now = datetime.now(UTC)
    yesterday = now - timedelta(days=1)
    with served(tmp_path, f'timezone = "{zone}"\n') as server:
        server.send([use("anna", now), use("anna", yesterday), use("bert", yesterday)])
        becomes(server, (2, 1))
        server.send([use("carl", now), use("device-7", yesterday)])
        becomes(server, (3, 2))
        server.send([{"type": "identify", "time": now.isoformat(), "user": "bert", "previous": "device-7"}])
        becomes(server, (2, 3))
        server.kill()
        server.start()
        becomes(server, (2, 3))
        assert server.get("/api/v1/metrics/dau", "technical").status_code == 403
        refused = server.get("/api/v1/metrics/retention_d30", "customerSuccess", by="device")
        assert refused.status_code == 400, refused.text
