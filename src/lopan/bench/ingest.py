"""Native intake: what a million events cost the server until they are queryable, repeats left out, rollups kept."""

from __future__ import annotations

import time
from statistics import median

from lopan.bench import ceiling
from lopan.bench.bed import Bed, bed, say
from lopan.bench.bodies import BATCH, KPIS
from lopan.bench.figure import Figure, number
from lopan.bench.meter import quantile
from lopan.bench.sender import Job, Sender, Sent
from lopan.errors import GiveUp

EVENTS = 1_000_000
_WARM = 50_000
_REPEATED = 50
_WARM_ROUND = 1 << 24
_IDLE_S = 3.0


def run(events: int = EVENTS, connections: int = 4, ceilings: bool = True) -> list[Figure]:
    """Drive a server with ``events`` in batches of 500, one in fifty sent twice; figures of cost and footprint."""
    limits = None
    if ceilings:
        say(f"engine alone and writer alone, {events:,} events")
        limits = ceiling.measure(events)
    with bed() as server:
        say(f"server ready after {server.server.ready_s:.2f} s")
        time.sleep(_IDLE_S)
        idle_mb = server.meter.rss_mb
        warm = _drive(server, _WARM, 2, _WARM_ROUND, {})
        say(f"warm; sending {events:,} events")
        cpu, began = server.meter.cpu_s, time.monotonic()
        sent = _drive(server, events, connections, 1, warm.expected)
        seconds, cost = time.monotonic() - began, (server.meter.cpu_s - cpu) * 1e6 / events
        peak_mb = server.meter.peak_mb
        ready = server.server.ready_s
    note = f"{sent.bytes / sent.requests / BATCH:.0f} bytes an event, {events // _REPEATED:,} sent twice"
    figures = [
        Figure(name="server CPU per million events", value=cost, unit="s", bar=8, aim=5, note=note),
        Figure(name="events queryable a second", value=events / seconds, unit="1/s", better="higher"),
        Figure(name="acknowledged p50", value=1000 * quantile(sent.latencies, 0.5), unit="ms"),
        Figure(name="acknowledged p99", value=1000 * quantile(sent.latencies, 0.99), unit="ms"),
        Figure(name="RSS idle", value=idle_mb, unit="MB", bar=450),
        Figure(name="RSS under load, peak", value=peak_mb, unit="MB", bar=900),
        Figure(name="answers after start", value=ready, unit="s", bar=3),
        Figure(name="sender CPU per million events", value=sent.cpu_s * 1e6 / sent.events, unit="s"),
    ]
    return figures + (_beside(limits) if limits else [])


def _drive(server: Bed, events: int, connections: int, first_round: int, before: dict[str, int]) -> Sent:
    """Send, wait until all is queryable, and check that nothing is missing or counted twice."""
    requests = events // BATCH
    job = Job(
        host=server.host,
        port=server.port,
        key=server.key,
        project=server.project,
        requests=requests,
        repeats=requests // _REPEATED,
        connections=connections,
        first_round=first_round,
    )
    sender = Sender(job)
    sender.go()
    sent = sender.result()
    if set(sent.statuses) != {202}:
        raise GiveUp(f"the server answered {sent.statuses} instead of 202")
    total = {kpi: sent.expected[kpi] + before.get(kpi, 0) for kpi in KPIS}
    counts = server.until(total)
    if counts != total:
        raise GiveUp(f"the API counts {counts} instead of {total}: events were lost or counted twice")
    return sent


def _beside(limits: ceiling.Ceiling) -> list[Figure]:
    ratios = limits.ratios
    spread = f"median of {len(ratios)} pairs from {number(ratios[0])} to {number(ratios[-1])}"
    return [
        Figure(name="engine parsing the same JSON", value=limits.json, unit="s/M", note="CPU, INSERT from a file"),
        Figure(
            name="engine inserting the same Arrow blocks",
            value=limits.arrow,
            unit="s/M",
            note="CPU, no rollups, no merges",
        ),
        Figure(name="writer without rollups", value=limits.writer, unit="s/M", note="CPU, spool to store, no merges"),
        Figure(name="writer / engine's Arrow ceiling", value=median(ratios), unit="x", bar=1.6, note=spread),
    ]
