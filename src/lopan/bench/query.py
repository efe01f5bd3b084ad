"""Reading from a big store: what each page asks, cold, warm and beside a busy writer; the API, and the page itself."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lopan.bench import crowd, reading
from lopan.bench.bed import Bed, bed, say
from lopan.bench.crowd import Size
from lopan.bench.desk import BUSINESS, pages
from lopan.bench.figure import Figure
from lopan.bench.meter import quantile
from lopan.bench.reading import THINK_S, VIEWERS, Job, Times
from lopan.clock import SystemClock
from lopan.demo.backlog import Bar
from lopan.demo.factory.load import load as load_facts
from lopan.demo.factory.world import World, scale_for
from lopan.demo.fleet import fleet

EVENTS = 10_000_000
DAYS = 90
ROUNDS = 25
SECONDS = 30.0
RANGES = ("-1h", "-24h", "-7d", "-30d")
SHOWN = ("app_launch_time", "scroll_frame_rate", "memory_usage", "crash_free_sessions")
_EXPIRED_S = 2.1
_SEED = 7


def run(
    events: int = EVENTS,
    days: int = DAYS,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    browser: bool = False,
    facts: int = 0,
) -> list[Figure]:
    """Build the crowd, ask what each page asks, in a process like the server's, then a server over HTTP."""
    size = Size(events, days)
    with tempfile.TemporaryDirectory(prefix="lopan-bench-", ignore_cleanup_errors=True) as scratch:
        root = Path(scratch) / "data"
        root.mkdir()
        free = shutil.disk_usage(scratch).free
        need = f"some {events * 80 / 1e9:.1f} GB of disk ({free / 1e9:.0f} GB free), {events / 3e5 + days / 9:.0f} s"
        say(f"building {events:,} events of {size.people:,} people over {days} days: {need}")
        bar, began = Bar("crowd", events), time.monotonic()
        project, rows = crowd.build(root, size, bar)
        bar.done()
        built = time.monotonic() - began
        disk = sum(path.stat().st_size for path in (root / "store").rglob("*") if path.is_file())
        told = _business(root, facts) if facts else []
        note = f"{size.people:,} people, {days} days, built in {built:.0f} s"
        figures = [
            Figure(name="events in the store", value=rows, unit="", note=note),
            *told,
            Figure(
                name="disk", value=disk / 1e9, unit="GB", note=f"{disk / rows:.0f} bytes an event, replaced parts too"
            ),
        ]
        say(f"{len(pages(bool(told)))} pages, {rounds} rounds; {VIEWERS} viewers and a writer for {seconds:.0f} s")
        times = reading.measure(Job(root, project, rounds, seconds, bool(told)))
        filled, took = times.filled
        figures.append(Figure(name="daily tables computed", value=took, unit="s", note=f"{filled} days"))
        figures += [*_pages(times), *_beside(times)]
        with bed(root=root) as server:
            cold = [_ask(server, span, kpi) for span in RANGES for kpi in SHOWN]
            say(f"{rounds} rounds of {len(cold)} questions over HTTP")
            warm = _rounds(server, rounds)
            figures += [
                Figure(name="API cold, p95", value=1000 * quantile(cold, 0.95), unit="ms"),
                Figure(name="API warm, p50", value=1000 * quantile(warm, 0.5), unit="ms"),
                Figure(name="API warm, p95", value=1000 * quantile(warm, 0.95), unit="ms"),
                Figure(name="RSS while reading, peak", value=server.meter.peak_mb, unit="MB"),
            ]
            if browser:
                from lopan.bench import page

                figures += page.figures(server, rounds, bool(told))
    return figures


def _business(root: Path, facts: int) -> list[Figure]:
    """The business of the demo beside the crowd, so large that it has about so many facts."""
    now, bar, began = SystemClock().now(), Bar("business", facts, "facts"), time.monotonic()
    world = World(fleet(_SEED, now.date()), scale_for(facts))
    rows = load_facts(root, world, 0, round(now.timestamp() * 1000), bar)
    bar.done()
    return [Figure(name="facts in the store", value=rows, unit="", note=f"loaded in {time.monotonic() - began:.0f} s")]


def _pages(times: Times) -> Iterator[Figure]:
    for name in times.warm:
        warm, cold = (60, 400) if name not in BUSINESS else (None, None)  # the bar of those is the page in the browser
        yield Figure(name=f"{name}: warm, p95", value=1000 * quantile(times.warm[name], 0.95), unit="ms", bar=warm)
        yield Figure(name=f"{name}: cold, p95", value=1000 * quantile(times.cold[name], 0.95), unit="ms", bar=cold)
        yield Figure(name=f"{name}: after new events, p95", value=1000 * quantile(times.moved[name], 0.95), unit="ms")


def _beside(times: Times) -> list[Figure]:
    viewed = f"{len(times.viewed)} pages, {VIEWERS} viewers who think {THINK_S:.0f} s"
    kept = 100 * times.beside / times.alone
    return [
        Figure(
            name="beside the writer, p95", value=1000 * quantile(times.viewed, 0.95), unit="ms", bar=900, note=viewed
        ),
        Figure(name="pages refused, the store being busy", value=times.refused, unit="", bar=0),
        Figure(name="writer alone", value=times.alone, unit="1/s", better="higher"),
        Figure(name="writer keeps beside them", value=kept, unit="%", bar=40, better="higher"),
    ]


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
