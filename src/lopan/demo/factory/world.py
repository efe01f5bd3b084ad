"""Who and how much: the seed, the size, and the 400 customers as the business knows them."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import numpy as np

from lopan.demo.draw import pick
from lopan.demo.factory import stories
from lopan.demo.factory.blocks import Values
from lopan.demo.factory.plant import SITES, Site
from lopan.demo.fleet import CUSTOMERS, DAY_MS, Fleet, Floats, Ints, customers
from lopan.demo.product import ZONES

HOUR_MS, MIN_MS = 3_600_000, 60_000
FACTS = 133_000
"""About so many facts has the history of scale 1."""
FIXED = 22_000
"""Of which so many do not grow with the scale."""

SEGMENTS = ("enterprise", "mid-market", "small")
REGIONS = tuple(site.region for site in SITES)
_EPOCH = date(1970, 1, 1)
_TICKS = {"production": 11, "labour": 12, "lines": 13, "stock": 14, "rates": 15, "tickets": 16, "surveys": 17}
_TICKS |= {"accounts": 18, "market": 19, "savings": 20, "rush": 21}

__all__ = ["DAY_MS", "HOUR_MS", "MIN_MS", "REGIONS", "SEGMENTS", "World", "scale_for"]


def scale_for(facts: int) -> int:
    """How many times the usual size gives about ``facts`` facts; never less than once."""
    return max(1, round((facts - FIXED) / (FACTS - FIXED)))


def facts_of(scale: int) -> int:
    """About so many facts has a history of that scale."""
    return FIXED + (FACTS - FIXED) * scale


class World:
    """``scale`` multiplies work units, people, orders, tickets and answers; ``anchor`` is the day of the first start.

    The same fleet, seed and anchor give the same facts, whichever stretch of time is asked for.
    """

    def __init__(self, fleet: Fleet, scale: int = 1) -> None:
        self.seed, self.scale, self.fleet = fleet.seed, scale, fleet
        self.anchor = (fleet.anchor - _EPOCH).days
        self.first = self.anchor - stories.DAYS

    def rng(self, part: str, *more: int) -> np.random.Generator:
        """The generator of one part of the business on one day or at one place."""
        return np.random.default_rng([self.seed, _TICKS[part], *more])

    def units(self, site: Site) -> int:
        """Work units of a site."""
        return site.units * self.scale

    def crew(self, site: Site) -> int:
        """People in a shift of a site."""
        return site.crew * self.scale

    def effect(self, day: int) -> float:
        """How much of its full effect the roll-out has on a day, 0-1."""
        return float(np.clip((day - self.anchor - stories.ROLLOUT) / stories.RAMP, 0.0, 1.0))

    def between(self, pair: tuple[float, float], day: int) -> float:
        """A figure that the roll-out moves from the first to the second."""
        return pair[0] + (pair[1] - pair[0]) * self.effect(day)

    def since(self, day: int) -> int:
        """Days after the anchor; negative before it."""
        return day - self.anchor

    @cached_property
    def names(self) -> Values:
        """The customers by falling size."""
        return np.array(customers())

    @cached_property
    def region(self) -> Ints:
        """Index into REGIONS of each customer: where its people are, drawn when it has none."""
        zones = pick(self.rng("accounts", 1), [share for _, share in ZONES], CUSTOMERS)
        zones[self.fleet.customer] = self.fleet.zone
        return zones

    @cached_property
    def segment(self) -> Ints:
        """Index into SEGMENTS of each customer, by size."""
        return np.digitize(np.arange(CUSTOMERS), [40, 160])

    @cached_property
    def people(self) -> Ints:
        """People of each customer who have the app on the day of the anchor."""
        here = (self.fleet.joined <= self.anchor) & (self.fleet.left > self.anchor)
        return np.bincount(self.fleet.customer[here], minlength=CUSTOMERS)

    @cached_property
    def share(self) -> Floats:
        """Each customer's share of the orders."""
        weights = np.arange(1, CUSTOMERS + 1) ** -0.6
        return np.asarray(weights / weights.sum())

    @cached_property
    def currency(self) -> Values:
        """What each customer is billed in."""
        billed = np.array([site.currency for site in SITES])[self.region].astype("U3")
        billed[(self.region == 0) & (np.arange(CUSTOMERS) % 5 == 4)] = "GBP"
        billed[list(stories.UNPRICED_CUSTOMERS)] = stories.UNPRICED
        return billed


PRICES = {"EUR": 1.0, "USD": 1.1, "SGD": 1.45, "GBP": 0.86, stories.UNPRICED: 11.2}
"""About so much of a currency is one EUR; list prices go by it."""
