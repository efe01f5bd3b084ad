"""Write ``docs/reference`` from the code: ``make docs``. ``tests/docs`` fails when a page is not what this writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from generate.addresses import http
from generate.commands import commands
from generate.figures import alerts, kpis
from generate.simulator import simulator
from generate.structs import events, facts, settings

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "alerts.md": alerts,
    "commands.md": commands,
    "events.md": events,
    "facts.md": facts,
    "http.md": http,
    "kpis.md": kpis,
    "settings.md": settings,
    "simulator.md": simulator,
}


def render(name: str) -> str:
    """The text of page ``name``, ending in one newline."""
    return PAGES[name]().rstrip() + "\n"


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name in PAGES:
        (REFERENCE / name).write_text(render(name), encoding="utf-8")
