"""Numbered steps of the store's schema; each is a list of SQL files and is applied once, in order."""

from __future__ import annotations

from importlib.resources import files

from lopan.store.base import Store

STEPS: dict[int, tuple[str, ...]] = {
    1: ("schema/events.sql", "rollups/measures.sql", "rollups/sessions.sql"),
    2: ("schema/rare.sql",),
    3: ("rollups/days.sql", "schema/identify.sql"),
    4: ("schema/directives.sql",),
    5: ("rollups/usage.sql",),
    6: ("rollups/open.sql", "rollups/answers.sql"),
    7: ("rollups/stability.sql", "rollups/measure_days.sql"),
    8: ("rollups/kept.sql",),
    9: ("rollups/due.sql",),
}
"""A landed step never changes; a new one gets the next number."""


def migrate(store: Store) -> int:
    """Bring the schema up to the newest step and return how many were applied; safe to repeat after a crash."""
    store.execute(
        "CREATE TABLE IF NOT EXISTS migrations (step UInt32, at DateTime DEFAULT now())"
        " ENGINE = MergeTree ORDER BY step"
    )
    done = set(store.query("SELECT step FROM migrations").column("step").to_pylist())
    missing = sorted(set(STEPS) - done)
    for step in missing:
        for name in STEPS[step]:
            for statement in statements(name):
                store.execute(statement)
        store.execute("INSERT INTO migrations (step) VALUES ({step:UInt32})", {"step": step})
    return len(missing)


def statements(name: str) -> list[str]:
    """The statements of one SQL file, which are separated by a semicolon on a line of its own."""
    text = files("lopan.store").joinpath(name).read_text(encoding="utf-8")
    return [part.strip() for part in text.split("\n;\n") if part.strip()]
