"""A real ``lopan serve`` in a process of its own, on a free port, with a key and a token of every level."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lopan.control import keys, tokens, users
from lopan.control.database import open_database

LEVELS = ("executive", "operational", "technical", "customerSuccess")
START_SECONDS = 60


class Served:
    """One data directory and the process that serves it; ``start`` again after ``kill``."""

    def __init__(self, root: Path, settings: str = "") -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        (root / "lopan.toml").write_text(settings, encoding="utf-8")
        engine = open_database(root)
        issued = keys.create(engine, "app")
        self.key, self.project = issued.key, issued.project_id
        self.tokens = {level: tokens.create(engine, [level], level) for level in LEVELS}
        engine.dispose()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.dsn = f"http://{self.key}@127.0.0.1:{self.port}/{self.project}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "lopan.cli", "serve", "--data", str(self.root), "--port", str(self.port)]
        log = (self.root / "serve.log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "LOPAN_PORT": ""})
        log.close()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                assert self._process.poll() is None, self.log()
                time.sleep(0.02)
        raise AssertionError(f"no answer within {START_SECONDS} s: {self.log()}")

    def kill(self) -> None:
        """kill -9: nothing is flushed, closed or said good-bye to."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """The orderly end."""
        self._end(signal.SIGTERM)

    def send(self, events: object, **headers: str) -> dict[str, Any]:
        """Post native events and return the answer."""
        answer = httpx.post(f"{self.url}/v1/events", json=events, headers=self.key_header() | headers, timeout=30)
        assert answer.status_code == 202, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def key_header(self) -> dict[str, str]:
        """The header of a client."""
        return {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str, level: str = "technical", **query: str) -> httpx.Response:
        """Read as a holder of that level's token."""
        headers = {"Authorization": f"Bearer {self.tokens[level]}"}
        return httpx.get(f"{self.url}{path}", params=query or None, headers=headers, timeout=60)

    def metric(self, name: str, **query: str) -> dict[str, Any]:
        """One metric as the API gives it to the technical level."""
        answer = self.get(f"/api/v1/metrics/{name}", **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def metric_when(self, name: str, n: int, **query: str) -> dict[str, Any]:
        """The metric as soon as it counts ``n`` samples; fails when that takes long."""
        deadline = time.monotonic() + 30
        while (found := self.metric(name, **query))["n"] < n and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def log(self) -> str:
        """What the process wrote."""
        return (self.root / "serve.log").read_text(encoding="utf-8", errors="replace")[-4_000:]

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None


@contextmanager
def served(root: Path, settings: str = "") -> Iterator[Served]:
    """A started server that is stopped in the end."""
    server = Served(root, settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def read_by(root: Path, email: str, password: str, levels: Sequence[str], settings: str = "") -> Iterator[Served]:
    """A started server that somebody of these levels can log in to."""
    server = Served(root, settings)
    engine = open_database(root)
    users.add(engine, email, password, levels)
    engine.dispose()
    server.start()
    try:
        yield server
    finally:
        server.stop()
