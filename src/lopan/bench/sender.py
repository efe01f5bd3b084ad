"""The other side: a process that only sends, over kept connections, as fast as it can or at a given rate."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from random import Random
from typing import Literal

import msgspec

from lopan.bench import bodies
from lopan.errors import GiveUp

_RECEIVE = 65_536
_TIMEOUT_S = 30.0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: ``requests`` new ones, then ``repeats`` of these; ``rate`` in requests a second, 0 = flat out."""

    host: str
    port: int
    key: str
    project: int
    protocol: Literal["native", "sentry"] = "native"
    requests: int
    repeats: int = 0
    connections: int = 4
    rate: float = 0.0
    first_round: int = 1


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: ``expected`` samples by KPI from requests that were taken, latencies in seconds."""

    requests: int
    events: int
    bytes: int
    seconds: float
    cpu_s: float
    statuses: dict[int, int]
    latencies: list[float]
    expected: dict[str, int]


class Sender:
    """The process: it prepares on construction, ``go`` lets it run, ``result`` waits for its end."""

    def __init__(self, job: Job) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._here, there = spawn.Pipe()
        self._process = spawn.Process(target=_work, args=(there, job), name="sender")
        self._process.start()
        there.close()
        self._receive()

    def go(self) -> None:
        """Begin to send."""
        self._here.send(None)

    def result(self) -> Sent:
        """Wait until all is sent; raises GiveUp when the process failed."""
        sent = self._receive()
        self._process.join()
        if not isinstance(sent, Sent):
            raise GiveUp("the sender broke its protocol; run the bench again")
        return sent

    def _receive(self) -> object:
        try:
            return self._here.recv()
        except EOFError:
            self._process.join()
            raise GiveUp("the sending process failed; its messages above say why") from None


def _work(there: Connection, job: Job) -> None:
    requests = _native(job) if job.protocol == "native" else _sentry(job)
    there.send("ready")
    there.recv()
    there.send(_Run(job, requests).run())


class _Request(msgspec.Struct):
    body: bytes
    source: bodies.Body | None
    round: int

    def text(self) -> bytes:
        return self.source.round(self.round) if self.source else self.body


def _native(job: Job) -> list[_Request]:
    made = bodies.native()
    first = [_Request(b"", made[i % len(made)], job.first_round + i // len(made)) for i in range(job.requests)]
    step = max(job.requests // job.repeats, 1) if job.repeats else 1
    return first + first[::step][: job.repeats]


def _sentry(job: Job) -> list[_Request]:
    random, now = Random(job.first_round), time.time()  # noqa: S311
    return [_Request(bodies.envelope(random, now - i % 60), None, 0) for i in range(job.requests)]


class _Run:
    """Threads that take requests from one list; each has a connection of its own."""

    def __init__(self, job: Job, requests: list[_Request]) -> None:
        self._job = job
        self._head = _head(job)
        self._requests: Iterator[tuple[int, _Request]] = enumerate(requests)
        self._new = job.requests
        self._taking = threading.Lock()
        self._statuses: Counter[int] = Counter()
        self._latencies: list[float] = []
        self._sizes: list[int] = []
        self._troubles: list[OSError] = []
        self._taken: list[bodies.Body] = []

    def run(self) -> Sent:
        cpu = time.process_time()
        self._began = time.monotonic()
        threads = [threading.Thread(target=self._connection) for _ in range(self._job.connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._troubles:
            raise self._troubles[0]
        return Sent(
            requests=len(self._latencies),
            events=sum(body.events for body in self._taken),
            bytes=sum(self._sizes),
            seconds=time.monotonic() - self._began,
            cpu_s=time.process_time() - cpu,
            statuses=dict(self._statuses),
            latencies=self._latencies,
            expected=bodies.expected(self._taken),
        )

    def _connection(self) -> None:
        try:
            connection = self._connect()
            while (taken := self._take()) is not None:
                try:
                    self._one(connection, *taken)
                except ConnectionError:
                    # Closed for being idle; the ids make it harmless when the first one did arrive.
                    connection.close()
                    connection = self._connect()
                    self._one(connection, *taken)
            connection.close()
        except OSError as error:
            self._troubles.append(error)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._job.host, self._job.port), _TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _take(self) -> tuple[int, _Request] | None:
        with self._taking:
            taken = next(self._requests, None)
        if taken is not None and self._job.rate:
            time.sleep(max(self._began + taken[0] / self._job.rate - time.monotonic(), 0))
        return taken

    def _one(self, connection: socket.socket, index: int, request: _Request) -> None:
        body = request.text()
        began = time.monotonic()
        connection.sendall(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        status = _answer(connection)
        self._latencies.append(time.monotonic() - began)
        self._statuses[status] += 1
        self._sizes.append(len(body))
        if index < self._new and status < 300 and request.source:
            self._taken.append(request.source)


def _head(job: Job) -> bytes:
    if job.protocol == "native":
        path, extra = "/v1/events", f"Authorization: Bearer {job.key}\r\nContent-Type: application/json\r\n"
    else:
        path = f"/api/{job.project}/envelope/"
        extra = f"X-Sentry-Auth: Sentry sentry_version=7, sentry_key={job.key}\r\nContent-Encoding: gzip\r\n"
        extra += "Content-Type: application/x-sentry-envelope\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: {job.host}:{job.port}\r\n{extra}Content-Length: ".encode()


def _answer(connection: socket.socket) -> int:
    """Status of one response with a Content-Length, read to its end."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _receive(connection)
    head = data[:end].lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    missing = length - (len(data) - end - 4)
    while missing > 0:
        missing -= len(_receive(connection))
    return int(head[9:12])


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(_RECEIVE)
    if not data:
        raise ConnectionError("the server closed a connection that it had promised to keep")
    return data
