"""Filling the store up to now, in a process of its own: the engine's memory goes when it is done."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from lopan.demo import history
from lopan.demo.factory.load import load as load_facts
from lopan.demo.factory.world import World
from lopan.demo.fleet import fleet
from lopan.demo.state import State
from lopan.errors import GiveUp, LopanError
from lopan.ingest.load import load

_BAR = 30

Progress = Callable[[int], None]


def fill(root: Path, state: State, start: datetime, end: datetime, progress: Progress = lambda rows: None) -> int:
    """Write the fleet's events received in [start, end); the first history has none that happened before ``start``.

    Returns the rows added. Doing it again adds nothing: event ids are seeded.
    """
    return _apart(_fill, progress, root, state, start, end)


def tell(root: Path, state: State, end: datetime, progress: Progress = lambda rows: None) -> int:
    """Load the business facts since ``state.told`` up to ``end``; returns the rows, of which repeats change nothing."""
    return _apart(_tell, progress, root, state, end)


def _apart(work: Callable[..., None], progress: Progress, *args: object) -> int:
    """Run ``work(news, *args)`` in a process of its own; its news are rows done, or what went wrong."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=work, args=(there, *args), name="history")
    process.start()
    there.close()
    rows: int | None = None
    try:
        while True:
            news = here.recv()
            if isinstance(news, str):
                raise GiveUp(news)
            rows = news
            progress(news)
    except EOFError:
        process.join()
    finally:
        process.terminate()
        process.join()
    if process.exitcode != 0 or rows is None:
        raise GiveUp(f"writing the history ended with code {process.exitcode}; its messages above say why")
    return rows


def _fill(news: Connection, root: Path, state: State, start: datetime, end: datetime) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process, and says so once
    population = fleet(state.seed, state.anchor, state.people)
    try:
        since = start if state.until is None else None
        news.send(load(root, history.records(population, start, end, state.project, since=since), news.send))
    except LopanError as error:
        news.send(str(error))


def _tell(news: Connection, root: Path, state: State, end: datetime) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    world = World(fleet(state.seed, state.anchor, state.people), state.scale)
    start = round(state.told.timestamp() * 1000) if state.told else 0
    try:
        news.send(load_facts(root, world, start, round(end.timestamp() * 1000), news.send))
    except LopanError as error:
        news.send(str(error))


class Bar:
    """Progress towards ``total`` rows on stderr: a line that redraws itself, or one line per tenth in a log."""

    def __init__(self, title: str, total: int, unit: str = "events") -> None:
        self._title, self._total, self._unit = title, max(total, 1), unit
        self._began = time.monotonic()
        self._tenth = -1

    def __call__(self, rows: int) -> None:
        """Show that ``rows`` are done."""
        share = min(rows / self._total, 1.0)
        rate = rows / max(time.monotonic() - self._began, 1e-3)
        text = f"{self._title}  {share:4.0%}  {rows:,} {self._unit}, {rate:,.0f} a second"
        if sys.stderr.isatty():
            bar = "█" * round(share * _BAR)
            print(f"\r{bar:░<{_BAR}}  {text} ", end="", file=sys.stderr, flush=True)
        elif int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            print(text, file=sys.stderr, flush=True)

    def done(self) -> None:
        """End the line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)
