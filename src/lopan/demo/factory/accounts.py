"""Who the customers are, and who could be one: accounts with their history, and the market by segment and region."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lopan.demo import facts
from lopan.demo.factory import stories
from lopan.demo.factory.blocks import Columns, joined, words
from lopan.demo.factory.contracts import BASE, SEAT, book
from lopan.demo.factory.plant import SITES
from lopan.demo.factory.world import DAY_MS, REGIONS, SEGMENTS, World
from lopan.demo.fleet import CUSTOMERS
from lopan.demo.product import ZONES

OWNERS = ("customersuccess@demo.example", "europe@demo.example", "americas@demo.example", "asia@demo.example")
"""Who looks after customers; the first has a log-in."""
OUTSIDE = 40
"""Every so many-th customer was won although nobody had it on the list."""
_MARKET = (160, 420, 900)
"""Companies a region by segment, of which half could be served and a third could be won."""
_VALUE = (46_000.0, 14_000.0, 3_200.0)
_REVIEWED = (-210, -40)
"""When somebody went through the list: each time a twelfth of the companies is added that nobody had thought of."""
_GROUP = 15
"""Every so many-th company belongs to the one before it."""


def accounts(world: World, start: int, now: int) -> Iterator[Columns]:
    """Every customer as it was at the beginning, some with a new owner later, and all after the last call."""
    n = CUSTOMERS
    every = np.arange(n)
    rng = world.rng("accounts", 3)
    begins = np.minimum(book(world).begins, world.anchor)
    owner = np.where(rng.random(n) < 0.35, 0, 1 + world.region)
    moved = np.maximum(world.anchor - rng.integers(100, 320, n), begins + 10)
    called = world.anchor - rng.integers(2, 75, n)
    called[list(facts.LEAVING)] = world.anchor - 150 - 10 * np.arange(len(facts.LEAVING))
    called = np.maximum(called, begins + 5)
    yield joined(
        [
            _as_of(world, every, begins, np.where(rng.random(n) < 0.25, 1 + world.region, owner), begins),
            _as_of(world, every[::4], np.minimum(moved, called - 1)[::4], owner[::4], begins[::4] + 2),
            _as_of(world, every, called, owner, called),
        ]
    )


def _as_of(world: World, customer: np.ndarray, valid: np.ndarray, owner: np.ndarray, called: np.ndarray) -> Columns:
    """Rows of customers from a day on."""
    names = world.names[customer]
    region = world.region[customer]
    return {
        "key": np.array([f"A-{one + 1:04d}-{day}" for one, day in zip(customer, valid, strict=True)]),
        "modified": valid * DAY_MS,
        "account": names,
        "valid_from": valid,
        "name": names,
        "segment": words(SEGMENTS, world.segment[customer]),
        "region": words(REGIONS, region),
        "industry": np.array([str(name).split()[1] for name in names]),
        "owner": words(OWNERS, owner),
        "timezone": words([zone for zone, _ in ZONES], region),
        "contact": np.array([f"contact{one + 1}@customer.example" for one in customer]),
        "last_contact": called,
    }


def market_accounts(world: World, start: int, now: int) -> Iterator[Columns]:
    """The companies of each region and segment; those won name their customer, some customers are not on the list."""
    rng = world.rng("market")
    parts = []
    listed = np.arange(CUSTOMERS) % OUTSIDE != OUTSIDE - 1
    for region in range(len(REGIONS)):
        for segment in range(len(SEGMENTS)):
            low = (SEGMENTS[segment], REGIONS[region]) == (stories.LOW_SEGMENT, stories.LOW_REGION)
            won = np.flatnonzero((world.region == region) & (world.segment == segment) & listed)
            others = stories.LOW_COMPANIES if low else _MARKET[segment] // (1 + region)
            n = len(won) + others
            reach = np.where(np.arange(n) < len(won), 2, rng.choice(3, n, p=(0.34, 0.33, 0.33)))
            reach = np.where(low & (np.arange(n) >= len(won)), 2, reach)
            value = (_VALUE[segment] * rng.lognormal(0.0, 0.4, n)).round(-2)
            value[: len(won)] = (12 * (BASE[segment] + SEAT * np.maximum(world.people[won], 2)) * 1.3).round(-2)
            customers = [str(world.names[one]) for one in won]
            strangers = [f"{REGIONS[region]} {SEGMENTS[segment]} company {number + 1}" for number in range(others)]
            joins = np.full(n, world.first - 30)
            for review, day in enumerate(_REVIEWED, start=1):
                joins[n - review * others // 12 : n - (review - 1) * others // 12] = world.anchor + day
            parents = [before if at % _GROUP == 0 else "" for at, before in enumerate(["", *strangers][:-1], start=1)]
            parts.append(
                {
                    "key": np.array([f"M-{region}{segment}-{number}" for number in range(n)]),
                    "modified": joins * DAY_MS,
                    "company": np.array(customers + strangers),
                    "parent": np.array([*[""] * len(won), *parents], np.str_),
                    "customer": np.array([*customers, *[""] * others], np.str_),
                    "segment": np.full(n, SEGMENTS[segment]),
                    "region": np.full(n, REGIONS[region]),
                    "reach": words(("tam", "sam", "som"), reach),
                    "value": value * SITES[region].price,
                    "currency": np.full(n, SITES[region].currency),
                    "valid_from": joins,
                }
            )
    yield joined(parts)


def sites(world: World, start: int, now: int) -> Iterator[Columns]:
    """The three sites, known since before the history."""
    n = len(SITES)
    yield {
        "key": np.array([site.code for site in SITES]),
        "modified": np.full(n, (world.first - 60) * DAY_MS),
        "site": np.array([site.code for site in SITES]),
        "name": np.array([site.name for site in SITES]),
        "timezone": np.array([site.zone for site in SITES]),
        "day_begins": np.full(n, 360),
        "region": np.array([site.region for site in SITES]),
        "currency": np.array([site.currency for site in SITES]),
    }
