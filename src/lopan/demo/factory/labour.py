"""Hours of the people in the halls: who was paid for which shift, and what standard hours were earned in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lopan.demo.factory.blocks import Columns
from lopan.demo.factory.plant import SHIFT_H, SITES
from lopan.demo.factory.production import Cells, around
from lopan.demo.factory.world import HOUR_MS, World

_OVERTIME, _OVERTIME_H = 0.06, 2.0
_ROLES = ("operator", "operator", "operator", "setter", "inspector", "shift leader")


def labour(world: World, start: int, now: int) -> Iterator[Columns]:
    """One row a person and shift, written down when the shift is over."""
    for found in around(world, start, now, 2, 0):
        yield _labour(world, found)


def _labour(world: World, found: Cells) -> Columns:
    """The standard hours of the good pieces of a shift are shared out alike among those who worked in it."""
    site = SITES[found.site]
    crew, shifts = world.crew(site), int(found.shift.max()) + 1
    rng = world.rng("labour", found.site, found.day)
    n = crew * shifts
    person, shift = np.tile(np.arange(crew), shifts), np.repeat(np.arange(shifts), crew)
    first = np.searchsorted(found.shift, np.arange(shifts))
    overtime = np.where(rng.random(n) < _OVERTIME, _OVERTIME_H, 0.0)
    begins, ends = found.begins[first][shift], found.ends[first][shift] + (overtime * HOUR_MS).astype(np.int64)
    paid = SHIFT_H + overtime
    earned = np.bincount(found.shift, found.hours, shifts)[shift] / crew
    return {
        "key": np.array([f"{site.code}-{found.day}-{one}-{who}" for one, who in zip(shift, person, strict=True)]),
        "modified": ends,
        "employee": np.array([f"{site.code}-E{1 + one}{who:03d}" for one, who in zip(shift, person, strict=True)]),
        "role": np.array(_ROLES)[person % len(_ROLES)],
        "site": np.full(n, site.code),
        "started": begins,
        "ended": ends,
        "paid_hours": paid,
        "direct_hours": (paid * rng.uniform(0.86, 0.96, n)).round(2),
        "overtime_hours": overtime,
        "earned_hours": earned.round(4),
        "rate": np.full(n, round(site.rate * site.price, 2)),
        "currency": np.full(n, site.currency),
    }
