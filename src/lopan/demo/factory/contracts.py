"""What every customer bought and when: new, renewed, grown, shrunk, gone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lopan.demo import facts
from lopan.demo.factory import stories
from lopan.demo.factory.blocks import NONE, Columns
from lopan.demo.factory.world import DAY_MS, PRICES, World
from lopan.demo.fleet import CUSTOMERS, Ints
from lopan.demo.product import CORE

SEAT = 49.0
"""EUR a month for a seat, beside the base."""
BASE = (400.0, 150.0, 40.0)
"""EUR a month by segment."""
_YEAR = 365
_BEFORE, _WON = 0.68, -25
"""Share of customers who were there before the history; nobody began after that day."""
_LOST, _SHRUNK, _GROWN = 0.03, 0.06, 0.16


class Change(NamedTuple):
    """One change of a contract; ``renews`` is the next day on which it ends unless it is renewed."""

    customer: int
    number: int
    day: int
    change: str
    seats: int
    renews: int


class Book(NamedTuple):
    """All changes by customer and time; ``begins`` and ``ends`` [customers] are days, ``ends`` far away for most."""

    changes: list[Change]
    begins: Ints
    ends: Ints

    def active(self, day: int) -> NDArray[np.bool_]:
        """Whether each customer has a contract on a day."""
        here: NDArray[np.bool_] = (self.begins <= day) & (day < self.ends)
        return here


@lru_cache(8)
def book(world: World) -> Book:
    """The contracts of the 400; changes after the present are among them, and told when they are due."""
    changes: list[Change] = []
    begins, ends = np.zeros(CUSTOMERS, np.int64), np.full(CUSTOMERS, 1 << 40)
    for customer in range(CUSTOMERS):
        own = list(_of(world, customer))
        changes += own
        begins[customer] = own[0].day
        if own[-1].change == "churn":
            ends[customer] = own[-1].day
    return Book(changes, begins, ends)


def contracts(world: World, start: int, now: int) -> Iterator[Columns]:
    """One row a change, written down on its day."""
    known = [one for one in book(world).changes if start // DAY_MS - 1 <= one.day <= now // DAY_MS]
    if known:
        yield _columns(world, known)


def features(customer: int) -> list[str]:
    """The core features that a customer bought: all of them in the larger half, two or three in the smaller."""
    return list(CORE) if customer < CUSTOMERS // 2 else list(CORE[: 2 + customer % 2])


def _of(world: World, customer: int) -> Iterator[Change]:
    """New, a renewal every year, at most one change of size and perhaps the end."""
    rng = world.rng("accounts", 2, customer)
    seats = _seats(world, customer, rng.uniform(1.05, 1.45))
    begin, end = _life(world, customer, rng)
    drawn = rng.random()
    moved = int(rng.integers(max(begin + 30, world.first), max(begin + 31, world.anchor + 60)))
    moves: list[tuple[int, str, int]] = []
    if customer == stories.GROWING:
        first = max(round(seats / stories.GROWN[-1][1]), 2)
        moves = [(world.anchor + day, "expand", round(first * factor)) for day, factor in stories.GROWN]
        seats = first
    elif customer not in facts.LEAVING and drawn < _SHRUNK:
        moves = [(moved, "contract", seats)]
        seats = max(round(seats * 1.4), seats + 1)
    elif customer not in facts.LEAVING and drawn < _SHRUNK + _GROWN:
        moves = [(moved, "expand", max(round(seats * 1.35), seats + 1))]
    years = [begin + year * _YEAR for year in range(1, 6) if begin + year * _YEAR > world.first]
    moves += [(day, "renew", 0) for day in years if day not in {moved for moved, *_ in moves}]
    yield Change(customer, 0, begin, "new", seats, begin + _YEAR)
    number = 1
    for day, change, wanted in sorted(moves):
        if begin < day < end:
            seats = wanted or seats
            yield Change(customer, number, day, change, seats, begin + ((day - begin) // _YEAR + 1) * _YEAR)
            number += 1
    if end < world.anchor + 400:
        yield Change(customer, number, end, "churn", 0, 0)


def _life(world: World, customer: int, rng: np.random.Generator) -> tuple[int, int]:
    """First day, and the day of the end, which is far away for most."""
    there = rng.random() < _BEFORE
    ended = rng.random() < _LOST
    days = rng.integers(world.first - 700, world.first), rng.integers(world.first, world.anchor + _WON)
    last = int(rng.integers(world.anchor - 330, world.anchor - 40))
    if customer in facts.LEAVING:
        end = world.anchor + stories.LEFT[facts.LEAVING.index(customer)]
        return end - 2 * _YEAR, end
    if customer in (facts.HURT, stories.GROWING):
        return int(days[0]), 1 << 40
    if there:
        return int(days[0]), last if ended else 1 << 40
    return int(days[1]), 1 << 40


def _seats(world: World, customer: int, spare: float) -> int:
    """So many that its people have one each, and some more; three times as many where they hardly come."""
    people = int(world.people[customer])
    return max(people * 3, 9) if customer in facts.LEAVING else max(round(people * spare), 2)


def _columns(world: World, known: list[Change]) -> Columns:
    customer = np.array([one.customer for one in known])
    seats = np.array([one.seats for one in known])
    gone = np.array([one.change == "churn" for one in known])
    days = np.array([one.day for one in known])
    price = np.array([PRICES[str(one)] for one in world.currency[customer]])
    base = np.array(BASE)[world.segment[customer]]
    bought = np.array([len(features(one)) for one in customer]) / len(CORE)
    return {
        "key": np.array([f"C-{one.customer + 1:04d}-{one.number}" for one in known]),
        "modified": days * DAY_MS,
        "account": world.names[customer],
        "contract": np.array([f"C-{one + 1:04d}" for one in customer]),
        "started": days * DAY_MS,
        "ended": np.where(gone, days * DAY_MS, NONE),
        "renews": np.where(gone, NONE, [one.renews for one in known]),
        "change": np.array([one.change for one in known]),
        "seats": seats,
        "mrr": np.where(gone, 0.0, ((base + SEAT * seats) * bought * price).round(2)),
        "currency": world.currency[customer],
        "features": np.array([",".join(features(one)) for one in customer]),
    }
