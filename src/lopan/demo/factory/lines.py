"""Order lines: placed, promised, shipped, delivered, some late, some in part, some claimed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from lopan.demo.factory import stories
from lopan.demo.factory.blocks import NONE, Columns, Values, words
from lopan.demo.factory.plant import PRODUCTS, SITES
from lopan.demo.factory.world import DAY_MS, HOUR_MS, PRICES, REGIONS, World
from lopan.demo.fleet import Floats, Ints

A_DAY = 44.0
"""Lines placed on a working day."""
LONGEST = 90
"""Days after which nothing more happens to a line."""
_WEEK = (1.0, 1.1, 1.05, 1.0, 0.85, 0.12, 0.04)
_EARLY, _PARTIAL, _CANCELLED, _MOVED = 0.12, 0.045, 0.015, 0.05
_CLAIMS = ("item", "quantity", "documents", "condition")
_CLAIMED = (0.008, 0.008, 0.010, 0.008)
_PIECES = 330.0


def order_lines(world: World, start: int, now: int) -> Iterator[Columns]:
    """Lines as they stand: each step is a new version of its row."""
    for day in range(max(world.first, start // DAY_MS - LONGEST), now // DAY_MS + 1):
        placed = lines(world, day)
        if len(placed["key"]):
            yield _upto(placed, now)


@lru_cache(600)
def lines(world: World, day: int) -> Columns:
    """The lines placed on a UTC day with all that will ever happen to them."""
    rng = world.rng("lines", day)
    busy = _WEEK[(day + 3) % 7]
    n = int(rng.poisson(A_DAY * busy * world.scale))
    buyer = rng.choice(len(world.names), n, p=world.share)
    product = rng.choice(len(PRODUCTS), n, p=[one.demand for one in PRODUCTS])
    site = np.where(rng.random(n) < 0.9, world.region[buyer], rng.integers(0, len(SITES), n))
    placed = day * DAY_MS + (rng.uniform(6, 17, n) * HOUR_MS).astype(np.int64)
    requested = (placed // DAY_MS + rng.integers(6, 22, n)) * DAY_MS + 16 * HOUR_MS
    promised = requested + np.where(rng.random(n) < 0.2, rng.integers(1, 5, n), 0) * DAY_MS
    delay = _delay(world, rng, product, site, promised)
    delivered = np.maximum(promised + (delay * DAY_MS).astype(np.int64), placed + 2 * DAY_MS)
    shipped = np.maximum(delivered - (rng.uniform(0.6, 3.5, n) * DAY_MS).astype(np.int64), placed + 4 * HOUR_MS)
    ordered = np.maximum(np.rint(_PIECES * rng.lognormal(0.0, 0.6, n) / 10) * 10, 10)
    part = np.where(rng.random(n) < _PARTIAL, np.rint(ordered * rng.uniform(0.5, 0.95, n)), ordered)
    claim = rng.choice(len(_CLAIMS) + 1, n, p=[1 - sum(_CLAIMED), *_CLAIMED])
    late = delivered > promised + DAY_MS
    currency = world.currency[buyer]
    price = np.array([one.price for one in PRODUCTS])[product] * np.array([PRICES[str(one)] for one in currency])
    return {
        "key": np.array([f"SO-{day}-{number:04d}-1" for number in range(n)], np.str_),
        "order": np.array([f"SO-{day}-{number:04d}" for number in range(n)], np.str_),
        "line": np.full(n, "1"),
        "customer": world.names[buyer],
        "product": words([one.name for one in PRODUCTS], product),
        "site": words([one.code for one in SITES], site),
        "region": words(REGIONS, world.region[buyer]),
        "placed": placed,
        "requested": requested,
        "first_promised": promised,
        "promised": np.where(late & (rng.random(n) < 10 * _MOVED), delivered, promised),
        "shipped": shipped,
        "delivered": delivered,
        "ordered": ordered,
        "delivered_quantity": part,
        "returned": np.where((claim == 1) | (claim == 4), np.rint(part * 0.3), 0.0),
        "documents_ok": np.where(claim == 3, 0, 1),
        "condition_ok": np.where(claim == 4, 0, 1),
        "claim": words(("", *_CLAIMS), claim),
        "claimed": np.where(claim > 0, delivered + (rng.uniform(1, 20, n) * DAY_MS).astype(np.int64), NONE),
        "cancelled": np.where(rng.random(n) < _CANCELLED, 1, 0),
        "amount": (ordered * price).round(2),
        "currency": currency,
    }


def cogs(world: World, site: int, low: int, high: int) -> Floats:
    """Standard cost in EUR of what a site delivered from ``low`` to before ``high`` (ms), by product."""
    total = np.zeros(len(PRODUCTS))
    names = [one.name for one in PRODUCTS]
    for day in range(low // DAY_MS - LONGEST, high // DAY_MS + 1):
        placed = lines(world, day) if day >= world.first else None
        if placed is None or not len(placed["key"]):
            continue
        here = (placed["site"] == SITES[site].code) & (placed["cancelled"] == 0)
        here &= (placed["delivered"] >= low) & (placed["delivered"] < high)
        which = np.array([names.index(str(one)) for one in placed["product"][here]], np.int64)
        total += np.bincount(which, placed["delivered_quantity"][here], len(PRODUCTS))
    return np.asarray(total * np.array([one.cost for one in PRODUCTS]))


def _delay(world: World, rng: np.random.Generator, product: Ints, site: Ints, promised: Ints) -> Floats:
    """Days past the promise: less than none for most, days for some, more in the wave."""
    n = len(product)
    since = promised // DAY_MS - world.anchor
    wave = (site == [one.code for one in SITES].index(stories.LATE_SITE)) & (since >= stories.LATE[0])
    wave &= since < stories.LATE[1]
    on_time = np.where(wave, 1 - stories.LATE_SHARE, stories.ON_TIME)
    early = -rng.uniform(0.0, 0.9, n) - np.where(rng.random(n) < _EARLY, rng.uniform(1.5, 4.0, n), 0.0)
    late = np.minimum(0.4 + rng.exponential(np.where(wave, 7.0, 2.5), n), 35.0)
    chance = rng.random(n)
    return np.where(chance < on_time, early, late)


def _upto(placed: Columns, now: int) -> Columns:
    """What is known of the lines by ``now``; whoever cancels does it three hours after placing."""
    gone = (placed["cancelled"] == 1) & (placed["placed"] + 3 * HOUR_MS <= now)
    shipped = (placed["shipped"] <= now) & (placed["cancelled"] == 0)
    came = (placed["delivered"] <= now) & (placed["cancelled"] == 0)
    looked = came & (placed["delivered"] + DAY_MS <= now)
    claimed = came & (placed["claimed"] <= now) & (placed["claimed"] != NONE)
    steps = [
        placed["placed"],
        np.where(gone, placed["placed"] + 3 * HOUR_MS, NONE),
        np.where(shipped, placed["shipped"], NONE),
        np.where(came, placed["delivered"], NONE),
        np.where(looked, placed["delivered"] + DAY_MS, NONE),
        np.where(claimed, placed["claimed"], NONE),
    ]
    known: dict[str, Values] = {
        "modified": np.max(np.stack(steps), axis=0),
        "promised": np.where(shipped, placed["promised"], placed["first_promised"]),
        "shipped": np.where(shipped, placed["shipped"], NONE),
        "delivered": np.where(came, placed["delivered"], NONE),
        "delivered_quantity": np.where(came, placed["delivered_quantity"], np.nan),
        "returned": np.where(claimed, placed["returned"], 0.0),
        "documents_ok": np.where(looked | claimed, placed["documents_ok"], -1),
        "condition_ok": np.where(looked | claimed, placed["condition_ok"], -1),
        "claim": np.where(claimed, placed["claim"], ""),
        "claimed": np.where(claimed, placed["claimed"], NONE),
        "cancelled": np.where(gone, 1, 0),
    }
    return placed | known
