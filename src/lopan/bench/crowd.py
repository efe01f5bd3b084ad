"""A big store made inside the engine: nine in ten of its people are somewhere else on a given day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from lopan.clock import SystemClock
from lopan.control import keys
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.demo import definitions
from lopan.demo.fleet import customers
from lopan.demo.product import DEVICES, RELEASES, ROLES, SCREENS, WEEK, WORKFLOWS
from lopan.demo.state import PROJECT
from lopan.errors import GiveUp
from lopan.store import Chdb, Params
from lopan.store.migrations import migrate

PART = 10
"""One in so many people is active on a day, on average."""
_A_DAY = 48.0
"""Events of one of them."""
_FLOWS = [flow for flow, steps in WORKFLOWS.items() if len(steps) == 4]
_MEMORY = 3_000_000_000
_SETTINGS = (
    "SETTINGS max_insert_threads = 2, max_threads = 2, min_insert_block_size_rows = 1048576,"
    " min_insert_block_size_bytes = 1000000000, max_partitions_per_insert_block = 0"
)


class Size(NamedTuple):
    """How much there is to be: about ``events`` over ``days`` that end today."""

    events: int
    days: int

    @property
    def people(self) -> int:
        """Everybody who ever comes; a tenth of them on a day."""
        return max(100, round(PART * self.events / self.days / _A_DAY))


def build(root: Path, size: Size, progress: Callable[[int], None]) -> tuple[int, int]:
    """Make a data directory with the crowd's events up to now; ``progress`` gets the rows made so far.

    Returns the number of the project and the rows; raises GiveUp when the store refused.
    """
    engine = open_database(root)
    project = keys.create(engine, PROJECT, "lopan bench").project_id
    Identities(engine, 1).numbers("user", (f"u{number:05d}" for number in range(1, size.people + 1)))
    engine.dispose()
    definitions.write(root)
    outcome: list[int] = []
    thread = threading.Thread(target=lambda: outcome.append(_fill(root, size, project, progress)), name="crowd")
    thread.start()
    thread.join()
    if not outcome:
        raise GiveUp("making the crowd failed; the message above says why")
    return project, outcome[0]


def _fill(root: Path, size: Size, project: int, progress: Callable[[int], None]) -> int:
    store = Chdb(root / "store", _MEMORY)
    try:
        migrate(store)
        sql = files("lopan.bench").joinpath("crowd.sql").read_text(encoding="utf-8") + _SETTINGS
        now = SystemClock().now()
        rows = 0
        for age in range(size.days):
            store.execute(sql, _day(size, project, age, now))
            rows = store.query("SELECT count() AS n FROM events").column("n")[0].as_py()
            progress(rows)
        return rows
    finally:
        store.close()


def _day(size: Size, project: int, age: int, now: datetime) -> Params:
    day = (now - timedelta(days=size.days - 1 - age)).date()
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {
        "project": project,
        "day": day,
        "days": size.days,
        "age": age,
        "people": size.people,
        "busy": WEEK[day.weekday()],
        "elapsed": min(86_400.0, max((now - begins).total_seconds(), 1_000.0)),
        "since": [round(release.day) + size.days for release in RELEASES],
        "releases": [release.version for release in RELEASES],
        "devices": [device.model for device in DEVICES],
        "customers": customers(),
        "roles": [role.name for role in ROLES],
        "features": list(SCREENS),
        "workflows": _FLOWS,
        "steps": [step.name for flow in _FLOWS for step in WORKFLOWS[flow]],
    }
