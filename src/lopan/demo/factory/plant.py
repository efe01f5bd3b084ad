"""Sites, work units, products and working hours of the simulated makers."""

from __future__ import annotations

from typing import NamedTuple

from lopan.demo.product import ZONES

BEGINS_MIN = 360
"""Minute of the day at which a production day begins at every site: 06:00."""
SHIFT_H = 8
SHIFTS = ("early", "late", "night")
CREW = 1.5
"""People a work unit needs; standard hours of a piece are its cycle times this."""


class Site(NamedTuple):
    """``week`` says how many shifts are worked from Monday to Sunday; ``price`` turns EUR into the site's money.

    ``holidays`` are (month, day); ``shutdown`` are (first month, day, last month, day), within one year.
    """

    code: str
    name: str
    zone: str
    region: str
    currency: str
    price: float
    week: tuple[int, ...]
    units: int
    crew: int
    rate: float
    break_min: int
    holidays: tuple[tuple[int, int], ...]
    shutdown: tuple[int, int, int, int] | None


SITES = (
    Site(
        "AUG", "Augsburg", ZONES[0][0], "Europe", "EUR", 1.0, (2, 2, 2, 2, 2, 1, 0), 4, 5, 29.0, 30,
        ((1, 1), (1, 6), (5, 1), (10, 3), (11, 1), (12, 24), (12, 25), (12, 26), (12, 31)), (8, 3, 8, 14),
    ),
    Site(
        "JOL", "Joliet", ZONES[1][0], "Americas", "USD", 1.1, (2, 2, 2, 2, 2, 0, 0), 3, 4, 31.0, 0,
        ((1, 1), (7, 4), (11, 26), (12, 24), (12, 25)), (12, 26, 12, 31),
    ),
    Site(
        "JUR", "Jurong", ZONES[2][0], "Asia-Pacific", "SGD", 1.45, (3, 3, 3, 3, 3, 3, 3), 5, 6, 33.0, 0,
        ((1, 1), (5, 1), (8, 9)), None,
    ),
)  # fmt: skip


class Product(NamedTuple):
    """``cycle_s`` is the ideal time of a piece, ``material`` its worth in EUR, ``demand`` the share of orders."""

    name: str
    cycle_s: float
    material: float
    demand: float

    @property
    def hours(self) -> float:
        """Standard labour hours of one piece."""
        return round(CREW * self.cycle_s / 3600, 5)

    @property
    def labour(self) -> float:
        """Standard cost of labour of one piece, EUR."""
        return self.hours * 30.0 / 0.75

    @property
    def machine(self) -> float:
        """Standard cost of the machine for one piece, EUR."""
        return self.cycle_s / 3600 * MACHINE_RATE

    @property
    def cost(self) -> float:
        """Standard cost of one piece, overhead included, EUR."""
        return round((self.material + self.labour + self.machine) * (1 + OVERHEAD), 2)

    @property
    def price(self) -> float:
        """What a customer pays for one, EUR."""
        return round(self.cost * 1.45, 2)


MACHINE_RATE = 38.0
"""EUR an hour of a running work unit."""
OVERHEAD = 0.12

PRODUCTS = (
    Product("Bracket B10", 24.0, 0.90, 0.20),
    Product("Housing H20", 46.0, 2.60, 0.14),
    Product("Flange F15", 36.0, 1.70, 0.14),
    Product("Gear G40", 60.0, 3.10, 0.10),
    Product("Valve V30", 52.0, 3.80, 0.12),
    Product("Sensor cap S05", 20.0, 0.60, 0.14),
    Product("Manifold M60", 72.0, 5.40, 0.08),
    Product("Clamp C12", 28.0, 1.10, 0.08),
)

DOWN = ("tool breakage", "sensor fault", "hydraulics", "conveyor jam")
DELAY = ("waiting for material", "waiting for operator")


def unit(site: Site, number: int) -> str:
    """The name of the ``number``-th work unit of a site, counted from 0."""
    return f"{site.code}-M{number + 1}"
