"""Reading from a big store: the Performance page's figures over the API, and with ``--browser`` the page itself."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import date
from pathlib import Path

from lopan.bench.bed import Bed, bed, say
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.clock import SystemClock
from lopan.control import keys
from lopan.control.database import open_database
from lopan.demo import history
from lopan.demo.backlog import Bar, fill
from lopan.demo.state import PROJECT, State

EVENTS = 10_000_000
ROUNDS = 25
RANGES = ("-1h", "-24h", "-7d", "-30d")
SHOWN = ("app_launch_time", "scroll_frame_rate", "memory_usage", "crash_free_sessions")
_EXPIRED_S = 2.1
_SEED = 7


def run(events: int = EVENTS, rounds: int = ROUNDS, browser: bool = False) -> list[Figure]:
    """Build ``events`` of history, then ask; cold = first answers after a start, warm = new questions, none cached."""
    with tempfile.TemporaryDirectory(prefix="lopan-bench-", ignore_cleanup_errors=True) as scratch:
        root = Path(scratch) / "data"
        free = shutil.disk_usage(scratch).free
        say(f"building {events:,} events: some {events * 120 / 1e9:.1f} GB of disk ({free / 1e9:.0f} GB free), minutes")
        began = time.monotonic()
        rows = build(root, events)
        built = time.monotonic() - began
        size = sum(path.stat().st_size for path in (root / "store").rglob("*") if path.is_file())
        with bed(root=root) as server:
            cold = [_ask(server, span, kpi) for span in RANGES for kpi in SHOWN]
            say(f"{rounds} rounds of {len(cold)} questions")
            warm = _rounds(server, rounds)
            figures = [
                Figure(name="events in the store", value=rows, unit="", note=f"built in {built:.0f} s"),
                Figure(
                    name="bytes an event on disk",
                    value=size / rows,
                    unit="B",
                    note="with parts that a merge replaced lately",
                ),
                Figure(name="API cold, p95", value=1000 * quantile(cold, 0.95), unit="ms"),
                Figure(name="API warm, p50", value=1000 * quantile(warm, 0.5), unit="ms"),
                Figure(name="API warm, p95", value=1000 * quantile(warm, 0.95), unit="ms"),
                Figure(name="RSS while reading, peak", value=server.meter.peak_mb, unit="MB"),
            ]
            if browser:
                from lopan.bench import page

                figures += page.figures(server, rounds)
    return figures


def build(root: Path, events: int) -> int:
    """A data directory with the simulated month that ends now; returns the rows."""
    now = SystemClock().now()
    engine = open_database(root)
    new = keys.create(engine, PROJECT, "lopan bench")
    engine.dispose()
    today: date = now.date()
    state = State(_SEED, history.people_for(events), today, [], new.key, new.project_id)
    bar = Bar("history", events)
    rows = fill(root, state, history.begin(now), now, bar)
    bar.done()
    return rows


def _rounds(server: Bed, rounds: int) -> list[float]:
    """Between rounds results expire, so that every answer is computed."""
    seconds: list[float] = []
    for _ in range(rounds):
        time.sleep(_EXPIRED_S)
        seconds.extend(_ask(server, span, kpi) for span in RANGES for kpi in SHOWN)
    return seconds


def _ask(server: Bed, span: str, kpi: str) -> float:
    began = time.monotonic()
    server.metric(kpi, **{"from": span})
    return time.monotonic() - began
