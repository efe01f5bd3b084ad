"""Parts that the tests of alerting share: a real control database, a clock that is set by hand, a real receiver."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from lopan.alerts import playbook
from lopan.alerts.message import Message
from lopan.alerts.playbook import Playbook
from lopan.control.database import open_database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def forward(self, seconds: float) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at


class Request(msgspec.Struct, frozen=True):
    """One request that the receiver has read to its end."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Receiver:
    """An HTTP server on loopback that answers as ``script`` says, then 200.

    An entry is a status, a status with header lines, ``hang`` (never answers) or ``reset`` (reads all, then breaks).
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.script: deque[int | tuple[int, str] | str] = deque()
        self._got = asyncio.Condition()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Receiver:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def wait(self, count: int) -> list[Request]:
        """The requests once there are ``count`` of them."""
        async with asyncio.timeout(20), self._got:
            await self._got.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while await self._answer(reader, writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        answer = self.script.popleft() if self.script else 200
        async with self._got:
            self.requests.append(Request(head[0].split()[1], headers, body))
            self._got.notify_all()
        if answer == "hang":
            await reader.read()
        if answer == "reset":
            writer.transport.abort()
        if isinstance(answer, str):
            return False
        status, extra = answer if isinstance(answer, tuple) else (answer, "")
        writer.write(f"HTTP/1.1 {status} X\r\n{extra}Content-Length: 2\r\n\r\nok".encode())
        return True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def playbooks() -> dict[str, Playbook]:
    return playbook.load()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
def message() -> Message:
    return Message(
        id="0123456789abcdef0123456789abcdef",
        thread="7-20261122120000",
        kind="firing",
        severity="critical",
        alert_id=7,
        rule="app_launch_time",
        title="App launch is slow",
        kpi="app_launch_time",
        labels={"release": "2.1.0"},
        reason="threshold",
        value=3.214,
        low=3.1,
        high=3.33,
        n=1_842,
        unit="s",
        decimals=2,
        op=">",
        threshold=3.0,
        window_s=300,
        definition="0.001 x sum(duration_ms) / count() over app_launch; n = count(); v1",
        started_at=NOON,
        fired_at=NOON,
        at=NOON + timedelta(minutes=7),
        link="https://lopan.example/alerts/7",
        playbook_title="App launch takes more than 3 seconds",
        playbook_link="https://lopan.example/playbooks/app-launch-time",
        response_minutes=15,
    )
