"""From the acknowledgement of a breach to the webhook in the hands of its receiver."""

from __future__ import annotations

import http.server
import re
import socket
import tempfile
import threading
import time
from pathlib import Path

from lopan.bench.bed import Bed, bed, say
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.bench.probe import Probe
from lopan.errors import GiveUp

BREACHES = 50
_PATIENCE_S = 30.0
_GAP_S = 0.1
_NAMED = re.compile(rb"breach-\d+")

RULE = """
id = "app_launch_time"
title = "App launch is slow"
kpi = "app_launch_time"
events = ["app_launch"]
by = "release"
window = "5m"
min_samples = 1

[[levels]]
severity = "critical"
fire = { op = ">", value = 3.0 }
clear = { op = "<", value = 2.8 }
"""
"""In place of the built-in rule: one sample of a release is enough, so that every breach is an alert of its own."""


def run(breaches: int = BREACHES) -> list[Figure]:
    """``breaches`` slow launches, each of another release, one after the other."""
    with tempfile.TemporaryDirectory(prefix="lopan-bench-") as scratch, Receiver() as receiver:
        root = Path(scratch) / "data"
        rules = root / "lopan.d" / "rules"
        rules.mkdir(parents=True)
        (rules / "app_launch_time.toml").write_text(RULE, encoding="utf-8")
        settings = f'[[notify.webhook]]\nname = "bench"\nurl = "{receiver.url}"\nallow_private = true\n'
        with bed(settings, root) as server:
            _measure(server, receiver, range(3))
            say(f"{breaches} breaches")
            cpu = server.meter.cpu_s
            latencies = _measure(server, receiver, range(100, 100 + breaches))
            cost = (server.meter.cpu_s - cpu) / breaches
    return [
        Figure(name="webhook received after, p50", value=1000 * quantile(latencies, 0.5), unit="ms", bar=300),
        Figure(name="webhook received after, p99", value=1000 * quantile(latencies, 0.99), unit="ms", bar=1000),
        Figure(name="webhook received after, worst", value=1000 * max(latencies), unit="ms"),
        Figure(name="server CPU per alert", value=1000 * cost, unit="ms", note="intake to delivery"),
    ]


def _measure(server: Bed, receiver: Receiver, numbers: range) -> list[float]:
    probe = Probe(server)
    latencies: list[float] = []
    try:
        for number in numbers:
            name = f"breach-{number}"
            taken = probe.launch(name, 9_000.0)
            latencies.append(receiver.wait(name) - taken)
            time.sleep(_GAP_S)
    finally:
        probe.close()
    return latencies


class Receiver:
    """A webhook receiver on loopback that remembers when it first heard of each breach."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}
        self._changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                now = time.monotonic()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()
                receiver._hear(body, now)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        class Listener(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET
            daemon_threads = True

        self._server = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver")
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def wait(self, name: str) -> float:
        """Monotonic time of the first webhook that names the breach; GiveUp after 30 s."""
        with self._changed:
            if not self._changed.wait_for(lambda: name in self._heard, _PATIENCE_S):
                raise GiveUp(f"no webhook for {name} came within {_PATIENCE_S:.0f} s")
            return self._heard[name]

    def _hear(self, body: bytes, now: float) -> None:
        with self._changed:
            for name in _NAMED.findall(body):
                self._heard.setdefault(name.decode(), now)
            self._changed.notify_all()

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
