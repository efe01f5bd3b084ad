"""First screens: which figures stand first for whom, with who answers for each, as TOML.

Built in under ``screens/``; an operator's ``lopan.d/screens/*.toml`` adds screens, or replaces one of the same id.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from lopan.catalog import toml
from lopan.catalog.kpi import Id
from lopan.errors import ConfigError

MAIN = "main"
"""The screen of everybody: a section for each part of the business, each reader sees theirs."""

Days = Annotated[int, Meta(ge=1, le=731)]


class Tile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure; ``owner`` is who answers for it and acts when it turns red.

    ``beside`` are figures that belong to it and are told on the same tile, those without data left out.
    """

    kpi: Id
    owner: str = ""
    beside: tuple[Id, ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of the last ``days`` days; ``page`` is where more of them is to be seen."""

    title: str
    days: Days = 1
    page: str = ""
    tile: tuple[Tile, ...]


class Screen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``level`` is whose first screen it is, '' = everybody's; ``trends`` are charts of the last ``trend_days``.

    ``panels`` name what else is shown, in order.
    """

    id: Annotated[str, Meta(pattern="^[a-z][A-Za-z0-9]{1,31}$")]
    title: str
    level: str = ""
    section: tuple[Section, ...]
    trends: tuple[Id, ...] = ()
    trend_days: Days = 30
    panels: tuple[str, ...] = ()

    def tiles(self) -> Iterator[Tile]:
        """All figures in the order in which they stand."""
        for section in self.section:
            yield from section.tile


def load(operator: Path | None, kpis: Container[str]) -> dict[str, Screen]:
    """Every screen by id, ``main`` first. Raises ConfigError naming the file and what is wrong in it."""
    found: dict[str, Screen] = {}
    for place in toml.layers(operator, "screens"):
        for path in toml.listed(place):
            screen = _read(path, kpis)
            found[screen.id] = screen
    return {name: found[name] for name in sorted(found, key=lambda name: (name != MAIN, name))}


def _read(path: Traversable, kpis: Container[str]) -> Screen:
    screen = toml.read(path, Screen)
    shown = [name for tile in screen.tiles() for name in (tile.kpi, *tile.beside)]
    for name in (*shown, *screen.trends):
        if name not in kpis:
            raise ConfigError(f"{path.name}: there is no KPI {name!r}")
    twice = next((name for name in shown if shown.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{path.name}: {twice} stands on the screen twice; remove one of the two")
    return screen
