"""Costs of making by month, rates of exchange, what the roll-out costs, and savings that no other fact shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from lopan.demo.factory import stories
from lopan.demo.factory.blocks import Columns
from lopan.demo.factory.lines import cogs
from lopan.demo.factory.plant import MACHINE_RATE, OVERHEAD, PRODUCTS, SHIFT_H, SITES, Site
from lopan.demo.factory.production import CYCLE, cells
from lopan.demo.factory.world import DAY_MS, World
from lopan.demo.fleet import Floats, Ints

TYPES = ("material", "labour", "machine", "overhead", "scrap", "rework", "warranty", "cogs")
_CLOSE_DAYS = 5
"""Days after the end of a month in which its costs are an accrual."""
_EPOCH = date(1970, 1, 1)
_RATES = (("USD", 0.905, 0.020), ("GBP", 1.165, 0.012), ("SGD", 0.690, 0.010), ("CHF", 1.045, 0.008))


class Month(NamedTuple):
    """From ``first`` to before ``end``, days since 1970."""

    first: int
    end: int


def months(first: int, last: int) -> list[Month]:
    """Whole months that begin on or after ``first`` and end by ``last``."""
    begin = date.fromordinal(_EPOCH.toordinal() + first)
    found: list[Month] = []
    year, month = (begin.year, begin.month) if begin.day == 1 else _next(begin.year, begin.month)
    while True:
        ends = date(*_next(year, month), 1)
        if (ends - _EPOCH).days > last:
            return found
        found.append(Month((date(year, month, 1) - _EPOCH).days, (ends - _EPOCH).days))
        year, month = _next(year, month)


def costs(world: World, start: int, now: int) -> Iterator[Columns]:
    """Costs of every whole month by site, product and type: an accrual at first, the invoices five days later."""
    for month in months(world.first, now // DAY_MS):
        closed = (month.end + _CLOSE_DAYS) * DAY_MS
        if closed > start:
            for index, site in enumerate(SITES):
                yield _costs(world, index, site, month, now >= closed)


def _costs(world: World, index: int, site: Site, month: Month, closed: bool) -> Columns:
    amounts = _amounts(world, index, site, month) * site.price
    if not closed:
        amounts = np.rint(amounts * 0.97 / 100) * 100
    n = amounts.size
    product, kind = np.divmod(np.arange(n), len(TYPES))
    basis = "actual" if closed else "accrual"
    return {
        "key": np.array([f"{site.code}-{month.first}-{one}-{type_}" for one, type_ in zip(product, kind, strict=True)]),
        "modified": np.full(n, (month.end + (_CLOSE_DAYS if closed else 0)) * DAY_MS),
        "day": np.full(n, month.end - 1),
        "site": np.full(n, site.code),
        "product": np.array([one.name for one in PRODUCTS])[product],
        "type": np.array(TYPES)[kind],
        "amount": amounts.ravel().round(2),
        "currency": np.full(n, site.currency),
        "basis": np.full(n, basis),
    }


def _amounts(world: World, index: int, site: Site, month: Month) -> Floats:
    """EUR by product and type."""
    good, scrap, reworked, paid = _made(world, index, site, month.first, month.end)
    material = np.array([one.material for one in PRODUCTS]) * (good + scrap)
    hours = CYCLE / 3600 * (good + scrap)
    labour = paid * site.rate * hours / max(hours.sum(), 1e-9)
    machine = hours * MACHINE_RATE
    unit = np.array([one.cost for one in PRODUCTS])
    sold = cogs(world, index, month.first * DAY_MS, month.end * DAY_MS)
    overhead = OVERHEAD * (material + labour + machine)
    return np.stack(
        [material, labour, machine, overhead, scrap * unit, reworked * unit * 0.3, sold * 0.004, sold], axis=1
    )


def _made(world: World, index: int, site: Site, first: int, end: int) -> tuple[Floats, Floats, Floats, float]:
    """Good, scrapped and reworked pieces by product, and paid hours, of the production days in [first, end)."""
    n = len(PRODUCTS)
    good, scrap, reworked, paid = np.zeros(n), np.zeros(n), np.zeros(n), 0.0
    for day in range(first, end):
        found = cells(world, index, day)
        good += np.bincount(found.product, found.good, n)
        scrap += np.bincount(found.product, found.scrap, n)
        reworked += np.bincount(found.product, found.reworked, n)
        paid += world.crew(site) * SHIFT_H * len(set(found.shift.tolist()))
    return good, scrap, reworked, paid


def fx_rates(world: World, start: int, now: int) -> Iterator[Columns]:
    """Each currency into EUR on working days; one that customers are billed in has no rate."""
    days = np.arange(max(world.first, start // DAY_MS), now // DAY_MS + 1)
    days = days[(days + 3) % 7 < 5]
    for currency, rate, swing in _RATES:
        chance = np.array([world.rng("rates", int(day)).normal() for day in days])
        n = len(days)
        yield {
            "key": np.array([f"{currency}-{day}" for day in days], np.str_),
            "modified": days * DAY_MS,
            "day": days,
            "currency": np.full(n, currency),
            "into": np.full(n, "EUR"),
            "rate": (rate * (1 + swing * np.sin(days / 53.0 + len(currency)) + 0.002 * chance)).round(6),
        }


def rollout_costs(world: World, start: int, now: int) -> Iterator[Columns]:
    """Implementation and training around the roll-out, subscription and internal hours from then on, EUR by site."""
    begin = world.anchor + stories.ROLLOUT
    once = [(begin - 40, "implementation", 22_000.0), (begin - 12, "implementation", 24_000.0)]
    once += [(begin + 20, "implementation", 9_000.0)]
    once += [(begin + 5 * number, "training", 3_500.0) for number in range(4)]
    again = [
        (begin + 30 * number, kind, amount)
        for number in range((now // DAY_MS - begin) // 30 + 1)
        for kind, amount in (("subscription", 5_600.0), ("internal", 2_200.0))
    ]
    yield _spent([*once, *again], world.scale)


def _spent(rows: list[tuple[int, str, float]], scale: int) -> Columns:
    """Each site pays for its work units."""
    units = sum(site.units for site in SITES)
    parts = [(*row, site.code, site.units / units) for row in rows for site in SITES]
    days = np.array([day for day, *_ in parts], np.int64)
    return {
        "key": np.array([f"{kind}-{day}-{site}" for day, kind, _, site, _ in parts]),
        "modified": days * DAY_MS,
        "day": days,
        "type": np.array([kind for _, kind, *_ in parts]),
        "site": np.array([site for *_, site, _ in parts]),
        "amount": (np.array([amount * share for _, _, amount, _, share in parts]) * scale).round(2),
        "currency": np.full(len(parts), "EUR"),
    }


def savings(world: World, start: int, now: int) -> Iterator[Columns]:
    """By month since the roll-out: express freight and repairs not paid for, paper that nobody fills in any more."""
    begin = world.anchor + stories.ROLLOUT + stories.RAMP // 2
    days: Ints = np.arange(begin, max(now // DAY_MS + 1, begin), 30)
    for line, note, amount, hard in (
        ("downtime", "Repairs of the emergency service not called", 1_700.0, 1),
        ("other", "Express freight not paid", 1_250.0, 1),
        ("labour", "Shift reports not written by hand", 900.0, 0),
    ):
        chance = np.array([world.rng("savings", int(day), hard, len(line)).uniform(0.8, 1.2) for day in days])
        n = len(days)
        yield {
            "key": np.array([f"{line}-{day}" for day in days], np.str_),
            "modified": days * DAY_MS,
            "day": days,
            "line": np.full(n, line),
            "site": np.array([site.code for site in SITES])[np.arange(n) % len(SITES)],
            "amount": (amount * chance * world.scale).round(2),
            "currency": np.full(n, "EUR"),
            "hard": np.full(n, hard),
            "note": np.full(n, note),
        }


def _next(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)
