"""kill -9 under load, ten times: nothing acknowledged is lost, nothing counts twice, every page is delivered."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.served import Served
from tests.support import pipeline

KILLS = 10
BATCH = 40
SENDERS = 3


class Load(threading.Thread):
    """A client that sends a batch until it is acknowledged, then the next one, through every death of the server."""

    def __init__(self, server: Served, stop: threading.Event) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.sessions: list[str] = []
        self._server = server
        self._stop_event = stop

    def run(self) -> None:
        with httpx.Client(headers=self._server.key_header(), timeout=10) as client:
            while not self._stop_event.is_set():
                self._one(client)

    def _one(self, client: httpx.Client) -> None:
        ids = [str(uuid4()) for _ in range(BATCH)]
        now = datetime.now(UTC).isoformat()
        launch = {"type": "app_launch", "time": now, "duration_ms": 1000, "user": f"u{ids[0][:2]}"}
        session = {"type": "session", "time": now, "started": now, "status": "exited"}
        events: list[dict[str, Any]] = [launch | {"event_id": one} for one in ids]
        events.append(session | {"session": ids[0], "event_id": ids[0]})
        events[0]["event_id"] = str(uuid4())
        while True:
            try:
                answer = client.post(f"{self._server.url}/v1/events", json=events)
            except httpx.HTTPError:
                if self._stop_event.wait(0.05):
                    return
                continue
            if answer.status_code == 202:
                assert answer.json()["rejected"] == []
                self.acknowledged += [event["event_id"] for event in events]
                self.sessions.append(ids[0])
                return


@contextmanager
def receiver() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A webhook receiver and what it got."""
    got: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    server.server_close()


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_nine(tmp_path: Path) -> None:
    server = Served(tmp_path)
    server.start()
    stop = threading.Event()
    loads = [Load(server, stop) for _ in range(SENDERS)]
    for load in loads:
        load.start()
    for number in range(KILLS):
        time.sleep(0.3 + 0.13 * number)
        server.kill()
        server.start()
    stop.set()
    for load in loads:
        load.join()
    acknowledged = [ident for load in loads for ident in load.acknowledged]
    sessions = {ident for load in loads for ident in load.sessions}
    server.kill()
    with pipeline(tmp_path) as target:
        target.run(target.writer.drain)
        stored = Counter(str(row["e"]) for row in target.rows("SELECT event_id AS e FROM events"))
        launches = target.rows("SELECT count() AS n FROM events WHERE type = 'app_launch'")[0]["n"]
        rollup = target.rows("SELECT sum(n) AS n FROM measures WHERE type = 'app_launch'")[0]["n"]
        merged = {str(row["s"]) for row in target.rows("SELECT DISTINCT session AS s FROM sessions")}
    assert len(acknowledged) > KILLS * BATCH
    assert set(acknowledged) - set(stored) == set()
    assert {ident: count for ident, count in stored.items() if count > 1} == {}
    assert rollup == launches
    assert sessions <= merged


def test_every_page_is_delivered_though_the_server_dies_around_it(tmp_path: Path) -> None:
    with receiver() as (url, got):
        server = Served(tmp_path, f'[[notify.webhook]]\nname = "test"\nurl = "{url}"\nallow_private = true\n')
        server.start()
        now = datetime.now(UTC).isoformat()
        launch = {"type": "app_launch", "time": now, "duration_ms": 9000}
        server.send([launch | {"event_id": str(uuid4())} for _ in range(100)])
        deadline = time.monotonic() + 60
        for delay in itertools.chain([0.0, 0.05, 0.1, 0.2], itertools.repeat(2.0)):
            time.sleep(delay)
            server.kill()
            server.start()
            active = server.get("/api/v1/alerts", state="active").json()
            if got or time.monotonic() > deadline:
                break
        server.stop()
    assert [alert["severity"] for alert in active["alerts"]] == ["critical"]
    assert got
    assert len({json.dumps(message, sort_keys=True) for message in got}) == 1
