"""Filling the store with the business up to now, while no server holds it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from lopan import config
from lopan.analytics.business.freeze import at_rest
from lopan.analytics.calendar import DAY, Dates
from lopan.catalog.workdays import numbered
from lopan.clock import SystemClock
from lopan.connect.load import Loader
from lopan.control import baselines
from lopan.control.database import open_database
from lopan.demo.factory import stories
from lopan.demo.factory.money import months
from lopan.demo.factory.telling import SOURCE, TELLERS, told
from lopan.demo.factory.world import World
from lopan.demo.state import ADMINISTRATORS
from lopan.store import Chdb, facts, hold

BY = "lopan demo"


def load(
    root: Path,
    world: World,
    start: int,
    now: int,
    progress: Callable[[int], None] = lambda rows: None,
    max_memory: int = 1_000_000_000,
) -> int:
    """Load what happened after ``start`` and up to ``now`` (ms since 1970) as one batch a fact; returns the rows.

    Doing it again changes no figure: keys and versions are seeded. Raises Locked while a server runs on the directory.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="factory") as thread:
        return thread.submit(_load, root, world, start, now, progress, max_memory).result()


def _load(root: Path, world: World, start: int, now: int, progress: Callable[[int], None], max_memory: int) -> int:
    with hold(root):
        engine = open_database(root)
        store = Chdb(root / "store", max_memory)
        try:
            facts.prepare(store)
            loader = Loader(engine, store, root / "facts", SystemClock())
            loader.recover()
            rows = 0
            for fact in TELLERS:
                rows += _fact(loader, world, fact, start, now)
                progress(rows)
            if not baselines.listing(engine):
                _baseline(root, engine, store, world)
            return rows
        finally:
            store.close()
            engine.dispose()


def _baseline(root: Path, engine: Engine, store: Chdb, world: World) -> None:
    """The whole months before the roll-out: costs come by the month, so that others would hold units without them."""
    window = months(world.first, world.anchor + stories.ROLLOUT)
    dates = Dates(numbered(window[0].first), numbered(window[-1].end) - DAY)
    settings = config.load({"data": str(root)})
    currency, (by, other) = settings.business.currency, ADMINISTRATORS
    known = at_rest(store, dates, settings.timezone, currency)
    made = baselines.freeze(engine, dates.first, dates.last, currency, known, by, stories.BASELINE_NOTE)
    baselines.approve(engine, made.version, other)


def _fact(loader: Loader, world: World, fact: str, start: int, now: int) -> int:
    blocks = told(world, fact, start, now)
    first = next(blocks, None)
    if first is None:
        return 0
    with loader.stage(fact, SOURCE, "simulated business", BY) as (_, stage):
        if stage is None:
            return 0
        stage.write(first)
        for block in blocks:
            stage.write(block)
    return stage.rows
