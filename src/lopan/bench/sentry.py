"""Sentry intake: error envelopes of 4.8 KB, gzip, one a request, until they are drained into the store."""

from __future__ import annotations

import time

from lopan.bench.bed import Bed, bed, say
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.bench.sender import Job, Sender, Sent
from lopan.errors import GiveUp

EVENTS = 10_000
_WARM = 500
_COUNTED = "memory_usage"
"""Every envelope carries the app's memory, so the samples of this KPI count them."""


def run(events: int = EVENTS, connections: int = 16) -> list[Figure]:
    """Drive a server with ``events`` envelopes over kept connections; cost per thousand drained."""
    with bed() as server:
        _drive(server, _WARM, connections, 1, 0)
        say(f"warm; sending {events:,} envelopes")
        cpu, began = server.meter.cpu_s, time.monotonic()
        sent = _drive(server, events, connections, 2, _WARM)
        seconds, cost = time.monotonic() - began, (server.meter.cpu_s - cpu) * 1e3 / events
        peak_mb = server.meter.peak_mb
    note = f"{sent.bytes / sent.requests:.0f} bytes a request"
    return [
        Figure(name="server CPU per 1,000 drained", value=cost, unit="s", bar=1, aim=0.5, note=note),
        Figure(name="drained a second", value=events / seconds, unit="1/s", better="higher"),
        Figure(name="acknowledged p50", value=1000 * quantile(sent.latencies, 0.5), unit="ms"),
        Figure(name="acknowledged p99", value=1000 * quantile(sent.latencies, 0.99), unit="ms"),
        Figure(name="RSS under load, peak", value=peak_mb, unit="MB", bar=900),
        Figure(name="sender CPU per 1,000", value=sent.cpu_s * 1e3 / events, unit="s"),
    ]


def _drive(server: Bed, events: int, connections: int, seed: int, before: int) -> Sent:
    job = Job(
        host=server.host,
        port=server.port,
        key=server.key,
        project=server.project,
        protocol="sentry",
        requests=events,
        connections=connections,
        first_round=seed,
    )
    sender = Sender(job)
    sender.go()
    sent = sender.result()
    if set(sent.statuses) != {200}:
        raise GiveUp(f"the server answered {sent.statuses} instead of 200")
    counts = server.until({_COUNTED: before + events})
    if counts[_COUNTED] != before + events:
        raise GiveUp(f"{counts[_COUNTED]} envelopes are queryable instead of {before + events}")
    return sent
