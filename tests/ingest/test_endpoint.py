"""Every answer a sender can get: codes, reasons, nothing lost, nothing acknowledged that is not safe."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import ManualClock

from lopan.config import Ingest
from lopan.control.projects import ProjectRef
from lopan.ingest.endpoint import Endpoint
from lopan.ingest.intake import Intake
from lopan.ingest.quarantine import Quarantine
from lopan.ingest.rows import table
from lopan.spool import Spool

pytestmark = pytest.mark.anyio

KEY, AUTH = "a" * 32, {"Authorization": "Bearer " + "a" * 32}
GOOD = {"type": "hang", "time": "2026-11-22T11:00:00Z", "duration_ms": 300}
STATE = b'{"sid":"%s","status":"ok","started":"2026-11-22T11:00:00Z","attrs":{"release":"1"}}' % (b"1" * 32)
SESSION = b'{}\n{"type":"session"}\n' + STATE


class Door:
    """An endpoint over a real spool and quarantine."""

    def __init__(self, root: Path, max_bytes: int = 1 << 40) -> None:
        clock = ManualClock()
        self.spool = Spool(root / "spool", max_bytes, 0)
        self.quarantine = Quarantine(root / "quarantine")
        self.intake = Intake(self.spool, self.quarantine, clock, 30, 24)
        caps = Ingest(max_body=10_000, max_decompressed=50_000)
        endpoint = Endpoint(self.intake, self._verify, clock, caps)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://lopan")

    async def _verify(self, key: str) -> ProjectRef | None:
        return ProjectRef(1, "app") if key == KEY else None

    def rows(self) -> list[dict[str, Any]]:
        segment = self.spool.seal(1_000)
        return list(table(segment.records()).to_pylist()) if segment else []


@asynccontextmanager
async def door(root: Path, max_bytes: int = 1 << 40) -> AsyncIterator[Door]:
    opened = Door(root, max_bytes)
    opened.intake.start()
    try:
        yield opened
    finally:
        await opened.client.aclose()
        await asyncio.to_thread(opened.intake.stop)
        opened.quarantine.close()
        opened.spool.close()


async def test_a_bad_event_never_takes_its_neighbours_with_it(tmp_path: Path) -> None:
    late = GOOD | {"time": "2026-10-01T00:00:00Z"}
    batch = [GOOD, {"type": "hang"}, late, GOOD, {"type": "nap", "time": GOOD["time"]}, late]
    async with door(tmp_path) as lopan:
        answer = await lopan.client.post("/v1/events", json=batch, headers=AUTH)
        assert answer.status_code == 202
        body = answer.json()
        assert body["accepted"] == 2
        assert [(one["index"], one["field"]) for one in body["rejected"]] == [
            (1, "time"),
            (2, "time"),
            (4, "type"),
            (5, "time"),
        ]
        assert all(one["reason"] for one in body["rejected"])
        assert len(lopan.rows()) == 2
        assert [held.kind for held in lopan.quarantine.recent()] == ["event", "event"]


async def test_history_comes_in_when_it_is_marked(tmp_path: Path) -> None:
    late = GOOD | {"time": "2026-10-01T00:00:00Z"}
    async with door(tmp_path) as lopan:
        answer = await lopan.client.post("/v1/events?backfill=1", json=late, headers=AUTH)
        assert answer.json() == {"accepted": 1, "rejected": []}


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "reason"),
    [
        pytest.param("/v1/events", {}, b"[]", 401, "no key", id="no key"),
        pytest.param("/v1/events", {"Authorization": "Bearer b"}, b"[]", 401, "unknown or revoked", id="wrong key"),
        pytest.param("/api/2/store/", AUTH, b"{}", 401, "belongs to project 1", id="other project"),
        pytest.param("/v1/events", AUTH, b"", 400, "empty", id="empty"),
        pytest.param("/v1/events", AUTH, b"{", 400, "not valid JSON", id="cut"),
        pytest.param("/v1/events", AUTH | {"Content-Encoding": "gzip"}, b"\x1f\x8bx", 400, "gzip", id="broken gzip"),
        pytest.param("/v1/events", AUTH | {"Content-Encoding": "lzma"}, b"x", 400, "not known", id="coding"),
        pytest.param("/v1/events", AUTH, b"x" * 10_001, 413, "over 10,000 bytes", id="large"),
        pytest.param("/v1/events", AUTH, gzip.compress(b" " * 50_001), 413, "decompressed", id="bomb"),
    ],
)
async def test_refusals_say_what_is_wrong(
    tmp_path: Path, path: str, headers: dict[str, str], body: bytes, status: int, reason: str
) -> None:
    async with door(tmp_path) as lopan:
        answer = await lopan.client.post(path, content=body, headers=headers)
        assert answer.status_code == status
        assert reason in answer.json()["error"]
        assert lopan.rows() == []


@pytest.mark.parametrize(
    ("body", "coding", "kept"),
    [
        pytest.param(SESSION, "", 0, id="session"),
        pytest.param(b"no envelope", "", 1, id="no envelope"),
        pytest.param(b"\x1f\x8bbroken", "gzip", 1, id="broken gzip"),
        pytest.param(b'{}\n{"type":"log"}\n{}', "", 1, id="unknown item"),
    ],
)
async def test_sentry_is_answered_200_whatever_is_inside(tmp_path: Path, body: bytes, coding: str, kept: int) -> None:
    headers = {"X-Sentry-Auth": f"Sentry sentry_key={KEY}, sentry_version=7", "Content-Encoding": coding}
    async with door(tmp_path) as lopan:
        answer = await lopan.client.post("/api/1/envelope/", content=body, headers=headers)
        assert answer.status_code == 200
        assert set(answer.json()) == {"id"}
        assert len(lopan.quarantine.recent()) == kept
        assert len(lopan.rows()) == 1 - kept


async def test_a_full_spool_refuses_and_keeps_nothing(tmp_path: Path) -> None:
    async with door(tmp_path, max_bytes=10) as lopan:
        answer = await lopan.client.post("/v1/events", json=GOOD, headers=AUTH)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert lopan.rows() == []
        auth = {"X-Sentry-Auth": f"Sentry sentry_key={KEY}"}
        answer = await lopan.client.post("/api/1/envelope/", content=SESSION, headers=auth)
        assert answer.status_code == 429
        limits = answer.headers["X-Sentry-Rate-Limits"]
        assert "session" not in limits
        assert "error" not in limits


async def test_browsers_may_send_from_anywhere(tmp_path: Path) -> None:
    async with door(tmp_path) as lopan:
        answer = await lopan.client.options("/api/1/envelope/")
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "x-sentry-auth" in answer.headers["Access-Control-Allow-Headers"]
        assert (await lopan.client.get("/v1/events")).status_code == 405


async def test_requests_that_come_together_are_one_record(tmp_path: Path) -> None:
    async with door(tmp_path) as lopan:
        posts = [lopan.client.post("/v1/events", json=[GOOD] * 3, headers=AUTH) for _ in range(20)]
        answers = await asyncio.gather(*posts)
        assert {answer.status_code for answer in answers} == {202}
        rows = lopan.rows()
        assert len(rows) == 60
        assert {row["received"] for row in rows} == {ManualClock().now()}
        assert timedelta() < rows[0]["received"] - rows[0]["time"]
