"""From the acknowledgement of an event to the first answer of the API that counts it: a KPI, and figures of today."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from lopan.bench import todays
from lopan.bench.bed import Bed, bed, say
from lopan.bench.bodies import BATCH
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.bench.probe import Probe
from lopan.bench.sender import Job, Sender
from lopan.demo import definitions
from lopan.errors import GiveUp

PROBES = 100
LOAD = 5_000
_PATIENCE_S = 30.0
_GAP_S = 0.5
"""An idle server has finished with the event before; a person looks no more often."""


def run(probes: int = PROBES, load: int = LOAD) -> list[Figure]:
    """``probes`` events one after the other, first on an idle server, then beside ``load`` events a second.

    A third of them for each figure of today, which moves when a new user, use or run does it.
    """
    with tempfile.TemporaryDirectory(prefix="lopan-bench-", ignore_cleanup_errors=True) as scratch:
        definitions.write(Path(scratch))
        with bed(root=Path(scratch)) as server:
            return _figures(server, probes, load)


def _figures(server: Bed, probes: int, load: int) -> list[Figure]:
    each = max(1, probes // len(todays.FIGURES))
    _latencies(server, "warm", 5)
    say(f"{probes} probes, and {each} of each figure of today, idle")
    idle = _latencies(server, "idle", probes)
    today = {name: todays.latencies(server, name, each, _GAP_S) for name in todays.FIGURES}
    say(f"the same beside {load:,} events a second")
    sender = _load(server, load, 2 * probes)
    busy = _latencies(server, "busy", probes)
    today_busy = {name: todays.latencies(server, name, each, _GAP_S) for name in todays.FIGURES}
    sent = sender.result()
    rate = sent.events / sent.seconds
    return [
        Figure(name="visible after, idle p50", value=1000 * quantile(idle, 0.5), unit="ms", bar=150),
        Figure(name="visible after, idle p99", value=1000 * quantile(idle, 0.99), unit="ms"),
        Figure(name="visible after, loaded p50", value=1000 * quantile(busy, 0.5), unit="ms"),
        Figure(name="visible after, loaded p99", value=1000 * quantile(busy, 0.99), unit="ms", bar=1000),
        *_todays("idle", today),
        *_todays("loaded", today_busy),
        Figure(name="load taken meanwhile", value=rate, unit="events/s", better="higher", note=f"of {load:,} sent"),
    ]


def _todays(state: str, taken: Mapping[str, list[float]]) -> Iterator[Figure]:
    for name, seconds in taken.items():
        what, note = f"{name} of today moves after, {state}", f"{len(seconds)} events"
        yield Figure(name=f"{what} p50", value=1000 * quantile(seconds, 0.5), unit="ms")
        yield Figure(name=f"{what} p99", value=1000 * quantile(seconds, 0.99), unit="ms", bar=1000, note=note)


def _latencies(server: Bed, name: str, probes: int) -> list[float]:
    probe = Probe(server)
    try:
        return [_one(server, probe, f"{name}-{number}") for number in range(probes)]
    finally:
        probe.close()


def _one(server: Bed, probe: Probe, release: str) -> float:
    """Seconds; the polls follow each other without a pause, so the last one's own time is part of it."""
    taken = probe.launch(release, 1_200.0)
    while server.metric("app_launch_time", release=release)["n"] < 1:
        if time.monotonic() - taken > _PATIENCE_S:
            raise GiveUp(f"an event was acknowledged and not visible within {_PATIENCE_S:.0f} s")
    seen = time.monotonic() - taken
    time.sleep(_GAP_S)
    return seen


def _load(server: Bed, load: int, probes: int) -> Sender:
    """A sender for about as long as the probes take at half a second each."""
    seconds = max(probes * 0.5, 5.0)
    job = Job(
        host=server.host,
        port=server.port,
        key=server.key,
        project=server.project,
        requests=int(load * seconds / BATCH),
        rate=load / BATCH,
    )
    sender = Sender(job)
    sender.go()
    time.sleep(1.0)
    return sender
