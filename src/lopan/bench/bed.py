"""A real server on a fresh directory: what every bench starts from, and how it asks for figures."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from lopan.bench.kept import Kept
from lopan.bench.meter import Meter
from lopan.control import keys, tokens
from lopan.control.database import open_database
from lopan.demo.process import Server, free_port
from lopan.errors import GiveUp

_PATIENCE_S = 120.0
_LOG_LINES = 15


class Bed:
    """The server under test, with a key to send, a token to read, and a meter on its process."""

    def __init__(self, root: Path, server: Server, key: str, project: int, token: str) -> None:
        self.root = root
        self.server = server
        self.key = key
        self.project = project
        self.meter = Meter(server.process.pid)
        self.host, _, port = server.url.removeprefix("http://").partition(":")
        self.port = int(port)
        self._reading = Kept(self.host, self.port, {"Authorization": f"Bearer {token}"})

    def metric(self, id_: str, **query: str) -> dict[str, Any]:
        """One KPI; raises GiveUp for any answer but 200."""
        return self.ask(f"metrics/{id_}", **query)

    def ask(self, path: str, **query: str) -> dict[str, Any]:
        """``/api/v1/{path}`` over one kept connection; raises GiveUp for any answer but 200."""
        status, body = self._reading.request("GET", f"/api/v1/{path}?{urlencode(query)}")
        if status != HTTPStatus.OK:
            raise GiveUp(f"the API answers {status} for {path}: {body[:200]!r}")
        answer: dict[str, Any] = msgspec.json.decode(body)
        return answer

    def until(self, expected: dict[str, int], every_s: float = 0.1) -> dict[str, int]:
        """Wait until each KPI counts as many samples as expected, then return the counts; GiveUp after 120 s."""
        end = time.monotonic() + _PATIENCE_S
        counts: dict[str, int] = {}
        while time.monotonic() < end:
            self.server.check()
            counts = {name: self.metric(name)["n"] for name in expected}
            if all(counts[name] >= count for name, count in expected.items()):
                return counts
            time.sleep(every_s)
        raise GiveUp(f"after {_PATIENCE_S:.0f} s the API still counts {counts} of {expected}")

    def close(self) -> None:
        """Close what this side holds."""
        self._reading.close()
        self.meter.close()


@contextmanager
def bed(settings: str = "", root: Path | None = None) -> Iterator[Bed]:
    """A running server; ``settings`` is the text of lopan.toml, ``root`` a prepared directory, else a new one."""
    with tempfile.TemporaryDirectory(prefix="lopan-bench-", ignore_cleanup_errors=True) as scratch:
        data = root or Path(scratch) / "data"
        data.mkdir(exist_ok=True)
        (data / "lopan.toml").write_text(settings, encoding="utf-8")
        engine = open_database(data)
        key, token = (
            keys.create(engine, "app", "lopan bench"),
            tokens.create(engine, ["technical", "operational"], "lopan bench"),
        )
        engine.dispose()
        path = Path(scratch) / "serve.log"
        with path.open("w") as log, Server(data, free_port(), environ=_plain(os.environ), log=log) as server:
            try:
                server.wait()
                running = Bed(data, server, key.key, key.project_id, token)
                try:
                    yield running
                finally:
                    running.close()
            except BaseException:
                tail = path.read_text(errors="replace").splitlines()[-_LOG_LINES:]
                print("the server's last words:", *tail, sep="\n  ", file=sys.stderr)
                raise


def say(text: str) -> None:
    """Progress, on stderr so that ``--json`` stays clean."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _plain(environ: os._Environ[str]) -> dict[str, str]:
    """Without settings of the user's own Lopan."""
    return {name: value for name, value in environ.items() if not name.startswith("LOPAN_")}
