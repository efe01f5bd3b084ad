"""What lies in the stores at the end of every day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lopan.demo.factory import stories
from lopan.demo.factory.blocks import Columns, words
from lopan.demo.factory.calendar import at, day_of
from lopan.demo.factory.lines import A_DAY
from lopan.demo.factory.plant import BEGINS_MIN, PRODUCTS, SITES, Site
from lopan.demo.factory.world import World
from lopan.demo.fleet import Floats

_COVER_DAYS = 38.0
_LINE = 390.0
"""Pieces of an order line in the mean."""
_SHARE = (0.55, 0.25, 0.20)


def inventory_snapshots(world: World, start: int, now: int) -> Iterator[Columns]:
    """One row a product, site and production day, counted when the day is over."""
    for index, site in enumerate(SITES):
        for day in range(max(world.first, day_of(site, start) - 1), day_of(site, now)):
            yield _of_day(world, index, site, day)


def quantities(world: World, index: int, day: int) -> Floats:
    """Pieces of each product at a site at the end of a day: so many days of demand, with the season and some chance."""
    rng = world.rng("stock", index, day)
    demand = np.array([one.demand for one in PRODUCTS]) * A_DAY * world.scale * 5.2 / 7 * _LINE * _SHARE[index]
    season = 1 + 0.12 * np.sin((day + 40 * np.arange(len(PRODUCTS))) / 29.0)
    pieces = demand * _COVER_DAYS * world.between(stories.STOCK, day) * season * rng.normal(1.0, 0.025, len(PRODUCTS))
    wrong = stories.NEGATIVE[0] <= world.since(day) < stories.NEGATIVE[1] and SITES[index].code == stories.NEGATIVE_SITE
    if wrong:
        pieces[[one.name for one in PRODUCTS].index(stories.NEGATIVE_PRODUCT)] = -40.0
    return np.rint(pieces)


def _of_day(world: World, index: int, site: Site, day: int) -> Columns:
    pieces = quantities(world, index, day)
    n = len(PRODUCTS)
    cost = np.array([one.cost for one in PRODUCTS]) * site.price
    return {
        "key": np.array([f"{site.code}-{day}-{number}" for number in range(n)]),
        "modified": np.full(n, at(site.zone, day + 1, BEGINS_MIN)),
        "day": np.full(n, day),
        "site": np.full(n, site.code),
        "product": words([one.name for one in PRODUCTS], np.arange(n)),
        "quantity": pieces,
        "value": (pieces * cost).round(2),
        "currency": np.full(n, site.currency),
    }
