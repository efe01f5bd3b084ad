from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from lopan.event import Crash, Event, Session
from lopan.ingest.adapters import sentry
from lopan.ingest.adapters.base import Payload
from lopan.ingest.auth import find_key
from lopan.ingest.bodies import decompress

SHOP = Path(__file__).parent.parent / "clients" / "shop.py"
KEY = "0123456789abcdef0123456789abcdef"


class Request(NamedTuple):
    path: str
    headers: list[tuple[bytes, bytes]]
    encoding: str
    body: bytes


class Recorder(ThreadingHTTPServer):
    """Keeps what it is sent and answers as Lopan does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []

    @property
    def dsn(self) -> str:
        return f"http://{KEY}@127.0.0.1:{self.server_port}/1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Recorder)
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(Request(self.path, headers, self.headers.get("Content-Encoding", ""), body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    server = Recorder()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def play(recorder: Recorder, scene: str) -> list[Event]:
    """All events of one run of the app, as the adapter reads them."""
    done = subprocess.run([sys.executable, SHOP, recorder.dsn, scene], capture_output=True, text=True, timeout=60)
    assert done.returncode == (1 if scene == "crash" else 0), done.stderr
    events: list[Event] = []
    for request in recorder.requests:
        assert request.path == "/api/1/envelope/"
        assert find_key(request.headers) == KEY
        body = decompress(request.body, request.encoding, 10_000_000)
        reading = sentry.read(Payload(body=body, received=datetime.now(UTC), item="envelope", project=1))
        assert not reading.unread
        assert not reading.lost
        events += reading.events
    return events


@pytest.mark.parametrize(
    ("scene", "sessions", "others"),
    [
        pytest.param("ok", {("exited", 0): 1}, {}, id="ok"),
        pytest.param("handled", {("exited", 1): 1}, {"Error": 1}, id="handled"),
        pytest.param("message", {("exited", 0): 1}, {"Error": 1}, id="message"),
        pytest.param("crash", {("crashed", 1): 1}, {"Crash": 1}, id="crash"),
        pytest.param(
            "requests",
            {("exited", 0): 5, ("exited", 1): 2, ("crashed", 1): 3},
            {"Crash": 3, "Error": 2},
            id="requests",
        ),
    ],
)
def test_what_the_client_lived_through_is_what_is_counted(
    recorder: Recorder, scene: str, sessions: dict[tuple[str, int], int], others: dict[str, int]
) -> None:
    events = play(recorder, scene)
    counted: Counter[tuple[str, int]] = Counter()
    for event in events:
        if isinstance(event, Session):
            counted[event.status, event.errors] += event.count
    assert counted == sessions
    kinds = Counter(type(event).__name__ for event in events if not isinstance(event, Session))
    assert kinds == others
    assert {event.release for event in events} == {"shop@2.1.0+341"}
    assert {event.environment for event in events} == {"test"}


def test_a_crash_says_where_and_whose(recorder: Recorder) -> None:
    (crash,) = [event for event in play(recorder, "crash") if isinstance(event, Crash)]
    assert (crash.exception, crash.message) == ("ZeroDivisionError", "division by zero")
    assert crash.frames[0].startswith("checkout (shop.py:")
    assert (crash.user, crash.role, crash.customer, crash.build) == ("42", "salesperson", "acme", "341")
    assert crash.attributes is not None
    assert crash.attributes["mechanism"] == "excepthook"
