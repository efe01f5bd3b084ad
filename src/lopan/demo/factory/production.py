"""What the work units did: every shift of a unit is one work order, told as states, pieces and an inspection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lopan.demo.factory import stories
from lopan.demo.factory.blocks import NONE, Columns, Values, joined, words
from lopan.demo.factory.calendar import CARE_MIN, cared, day_of, worked
from lopan.demo.factory.plant import DELAY, DOWN, PRODUCTS, SHIFT_H, SITES, Site, unit
from lopan.demo.factory.world import DAY_MS, HOUR_MS, MIN_MS, World
from lopan.demo.fleet import Floats, Ints

CYCLE = np.array([product.cycle_s for product in PRODUCTS])
REASONS = (*DOWN, *DELAY, stories.BROKEN_REASON, stories.LATE_REASON)
_BROKEN, _LATE = len(REASONS) - 2, len(REASONS) - 1
_KNOWN_DAYS = 5
"""Orders are known so many days before they begin."""
_SETUP_MIN = 24.0
_STOPS = 0.78
_PLAN = (0.70, 0.79)
"""Pieces that a shift is planned to make against the ideal, before the roll-out and when it has its effect."""


class Cells(NamedTuple):
    """Shifts of the work units of a site on one day, as arrays of one length; times in ms, ``run`` in productive ms.

    A stop lies ``before`` so many productive ms; what is left of the shift when the order is done is idle.
    """

    site: int
    day: int
    number: Ints
    shift: Ints
    begins: Ints
    ends: Ints
    product: Ints
    care: Ints
    setup: Ints
    stop: Ints
    before: Ints
    run: Ints
    reason: Ints
    ordered: Ints
    good: Ints
    scrap: Ints
    reworked: Ints

    @property
    def n(self) -> int:
        """Number of work orders."""
        return len(self.number)

    @property
    def hours(self) -> Floats:
        """Standard labour hours of the good pieces of each."""
        return np.array([product.hours for product in PRODUCTS])[self.product] * self.good

    def orders(self) -> Values:
        """The number of each work order."""
        code = SITES[self.site].code
        return np.array(
            [f"WO-{code}-{self.day}-{shift}{unit:03d}" for shift, unit in zip(self.shift, self.number, strict=True)]
        )

    def begun(self) -> Ints:
        """When each work order was begun: after the maintenance."""
        return self.begins + self.care

    def done(self) -> Ints:
        """When each work order was done."""
        at = self.begins + self.care + self.setup + self.run + np.where(self.before < self.run, self.stop, 0)
        rest = SITES[self.site].break_min * MIN_MS
        return at + np.where(at > self.begins + SHIFT_H // 2 * HOUR_MS, rest, 0)


@lru_cache(1400)
def cells(world: World, index: int, day: int) -> Cells:
    """The shifts of the site of that index on a production day."""
    site = SITES[index]
    shifts = worked(site, day)
    units = world.units(site)
    n = units * len(shifts)
    rng = world.rng("production", index, day)
    number, shift = np.tile(np.arange(units), len(shifts)), np.repeat(np.arange(len(shifts)), units)
    begins = np.array([one.begins for one in shifts], np.int64)[shift]
    ends = np.array([one.ends for one in shifts], np.int64)[shift]
    product = (number * 3 + day // 2 + rng.integers(0, 2, n)) % len(PRODUCTS)
    care = np.where((shift == 0) & np.array([cared(day, int(one)) for one in number], bool), CARE_MIN * MIN_MS, 0)
    setup = (_SETUP_MIN * MIN_MS * rng.lognormal(0.0, 0.25, n)).astype(np.int64)
    reason, stop, share = _stops(world, site, day, number, product, rng)
    open_ms = ends - begins - care - setup - site.break_min * MIN_MS
    stop = np.minimum(stop, open_ms - 20 * MIN_MS)
    speed = world.between(stories.SPEED, day) * rng.normal(1.0, 0.02, n)
    scrapped = np.clip(world.between(stories.SCRAP, day) * rng.lognormal(0.0, 0.3, n), 0.0, 0.3)
    scrapped *= np.where(reason == _BROKEN, 2.0, 1.0)
    per_piece = CYCLE[product] * 1000 / speed
    plan = world.between(_PLAN, day) * rng.uniform(0.84, 1.0, n)
    ordered = np.rint(plan * (ends - begins - care - site.break_min * MIN_MS) / (CYCLE[product] * 1000) / 10) * 10
    made = np.minimum(np.ceil(ordered / (1 - scrapped)), (open_ms - stop) / per_piece).astype(np.int64)
    run = np.rint(made * per_piece).astype(np.int64)
    scrap = rng.binomial(made, scrapped)
    reworked = rng.binomial(made - scrap, _rework(world, day, product))
    before = np.where(stop > 0, (share * run).astype(np.int64), run)
    return Cells(
        index, day, number, shift, begins, ends, product, care, setup, stop, before, run, reason,
        ordered.astype(np.int64), made - scrap, scrap, reworked,
    )  # fmt: skip


def around(world: World, start: int, now: int, before: int, after: int) -> Iterator[Cells]:
    """Every site's shifts of the days from ``before`` days before ``start`` to ``after`` days after ``now``."""
    for index, site in enumerate(SITES):
        for day in range(max(world.first, day_of(site, start) - before), day_of(site, now) + after + 1):
            found = cells(world, index, day)
            if found.n:
                yield found


def states(world: World, start: int, now: int) -> Iterator[Columns]:
    """States of the work units up to ``now``; the one that lasts has no end, and the pieces made so far."""
    for found in around(world, start, now, 2, 0):
        if found.begins.min() <= now:
            yield _states(found, now)


def _stops(
    world: World, site: Site, day: int, number: Ints, product: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats]:
    """Reason, length in ms and the share of the run before it, one stop a shift; most are short, some are none."""
    n, since = len(number), world.since(day)
    reason = rng.integers(0, len(DOWN) + len(DELAY), n)
    minutes = world.between(stories.STOP_MIN, day) * rng.lognormal(0.0, 0.6, n) * (rng.random(n) < _STOPS)
    minutes = np.minimum(minutes, 150.0)
    long = rng.uniform(*stories.BROKEN_MIN, n)
    if site.code == stories.BROKEN_SITE and stories.BROKEN[0] <= since < stories.BROKEN[1]:
        broken = number % site.units == stories.BROKEN_UNIT
        reason, minutes = np.where(broken, _BROKEN, reason), np.where(broken, long, minutes)
    if site.code == stories.LATE_SITE and stories.LATE[0] - 7 <= since < stories.LATE[1] - 7:
        late = [one.name for one in PRODUCTS].index(stories.LATE_PRODUCT) == product
        reason, minutes = np.where(late, _LATE, reason), np.where(late, np.maximum(minutes * 2, 90.0), minutes)
    return reason, (minutes * MIN_MS).astype(np.int64), rng.uniform(0.1, 0.9, n)


def _rework(world: World, day: int, product: Ints) -> Floats:
    fallen = np.clip((world.since(day) - stories.FALLING_SINCE) / stories.FALLING_DAYS, 0.0, 1.0)
    falls = product == [one.name for one in PRODUCTS].index(stories.FALLING_PRODUCT)
    return np.where(falls, stories.REWORK[0] + (stories.REWORK[1] - stories.REWORK[0]) * fallen, stories.REWORK[0])


def _states(found: Cells, now: int) -> Columns:
    """Maintenance, setup, run, stop, run, idle; a break cuts what it falls into."""
    site, n = SITES[found.site], found.n
    stop = np.where(found.before < found.run, found.stop, 0)
    rest = site.break_min * MIN_MS
    lengths = [found.care, found.setup, found.before, stop, found.run - found.before]
    idle = found.ends - found.begins - rest - sum(lengths)
    ends = np.cumsum(np.stack([np.zeros(n, np.int64), *lengths, np.maximum(idle, 0)]), axis=0)
    down = np.where((found.reason >= len(DOWN)) & (found.reason != _BROKEN), "delay", "down")
    runs = "production"
    kinds: list[str | Values] = ["planned_down", "setup", runs, down, runs, "idle"]
    whys: list[str | Values] = ["maintenance", "changeover", "", words(REASONS, found.reason), "", "no order"]
    spent = np.stack([np.zeros(n), np.zeros(n), np.zeros(n), found.before, found.before, found.run, found.run])
    names = {
        "work_unit": words([unit(site, one) for one in range(found.number.max() + 1)], found.number),
        "order": found.orders(),
        "product": words([one.name for one in PRODUCTS], found.product),
        "operator": _operators(found),
    }
    parts = []
    middle = np.full(n, SHIFT_H // 2 * HOUR_MS)
    for step in range(6):
        low, high = ends[step], ends[step + 1]
        halves = ((low, np.minimum(high, middle), 0), (np.maximum(low, middle), high, rest))
        for begin, end, shift in halves if rest else ((low, high, 0),):
            parts.append(_part(found, names, kinds[step], whys[step], begin, end, shift, spent[step], low, now))
    if rest:
        parts.append(_part(found, names, "planned_down", "break", middle, middle + rest, 0, spent[0], middle, now))
    return joined(parts)


def _part(
    found: Cells, names: Columns, kind: str | Values, why: str | Values, begin: Ints, end: Ints, shift: int,
    spent: Floats, low: Ints, now: int,
) -> Columns:  # fmt: skip
    """One stretch of every shift, those of no length left out; pieces go by the productive time before and in it."""
    started, ended = found.begins + begin + shift, found.begins + end + shift
    kept = (end > begin) & (started <= now)
    lasts = ended > now
    seen = np.minimum(ended, now) - started
    ran = np.broadcast_to(np.asarray(kind) == "production", kept.shape)
    before = np.where(ran, spent + (begin - low), 0)
    after = np.where(ran, before + seen, 0)
    busy = np.broadcast_to(np.isin(kind, ["production", "setup", "down", "delay"]), kept.shape)
    site = SITES[found.site]
    columns = {
        "key": np.array([f"{site.code}{one:03d}-{at}" for one, at in zip(found.number, started, strict=True)]),
        "modified": np.where(lasts, now, ended),
        "work_unit": names["work_unit"],
        "site": np.full(found.n, site.code),
        "started": started,
        "ended": np.where(lasts, NONE, ended),
        "state": np.broadcast_to(np.asarray(kind), kept.shape),
        "reason": np.broadcast_to(np.asarray(why), kept.shape),
        "order": np.where(busy, names["order"], ""),
        "product": np.where(busy, names["product"], ""),
        "operator": np.where(busy, names["operator"], ""),
        "good": _made(found.good, after, found.run) - _made(found.good, before, found.run),
        "scrap": _made(found.scrap, after, found.run) - _made(found.scrap, before, found.run),
        "ideal_cycle_s": np.where(ran, CYCLE[found.product], np.nan),
    }
    return {name: values[kept] for name, values in columns.items()}


def _operators(found: Cells) -> Values:
    code = SITES[found.site].code
    return np.array([f"{code}-E{1 + shift}{one:03d}" for shift, one in zip(found.shift, found.number, strict=True)])


def _made(pieces: Ints, spent: Floats | Ints, run: Ints) -> Floats:
    """Of ``pieces`` those that are made after so much of the productive time."""
    made: Floats = np.floor(pieces * np.clip(spent / np.maximum(run, 1), 0.0, 1.0) + 1e-9)
    return made


def work_orders(world: World, start: int, now: int) -> Iterator[Columns]:
    """Work orders from five days before they begin until they are closed, one day after they are done."""
    for found in around(world, start, now, 3, _KNOWN_DAYS + 1):
        yield _orders(world, found, now)


def _orders(world: World, found: Cells, now: int) -> Columns:
    site = SITES[found.site]
    begun, done = found.begun(), found.done()
    steps = np.stack([found.begins - _KNOWN_DAYS * DAY_MS, found.begins - DAY_MS, begun, done, done + DAY_MS])
    reached = (steps <= now).sum(axis=0)
    status = np.array(["planned", "planned", "released", "running", "done", "closed"])[reached]
    running = reached == 3
    share = np.where(reached >= 4, 1.0, np.where(running, np.clip((now - begun) / (done - begun), 0.0, 1.0), 0.0))
    modified = np.take_along_axis(steps, np.maximum(reached - 1, 0)[None], axis=0)[0]
    dropped = (found.number * 7 + found.day + found.shift) % 97 == 0
    buyer = world.rng("production", found.site, found.day, 2).choice(len(world.names), found.n, p=world.share)
    cost = np.array([product.cost for product in PRODUCTS])[found.product] * site.price
    columns = {
        "key": found.orders(),
        "modified": np.where(reached == 0, NONE, np.where(running, now, modified)),
        "order": found.orders(),
        "site": np.full(found.n, site.code),
        "product": words([one.name for one in PRODUCTS], found.product),
        "customer": np.where(buyer % 3 == 0, world.names[buyer], ""),
        "unit": np.full(found.n, "pcs"),
        "ordered": found.ordered,
        "good": np.floor(found.good * share),
        "scrap": np.floor(found.scrap * share),
        "reworked": np.floor(found.reworked * share),
        "planned_start": found.begins,
        "planned_end": found.ends,
        "first_promised": found.ends,
        "due": found.ends,
        "started": np.where(reached >= 3, begun, NONE),
        "ended": np.where(reached >= 4, done, NONE),
        "status": status,
        "std_hours": np.array([product.hours for product in PRODUCTS])[found.product],
        "std_cost": cost.round(2),
        "currency": np.full(found.n, site.currency),
    }
    lost = {name: values[dropped & (reached > 0)] for name, values in columns.items()}
    return joined([columns, _cancelled(lost)])


def _cancelled(columns: Columns) -> Columns:
    """Orders that were taken back before they began, beside those that were made."""
    n = len(columns["key"])
    never = {name: np.full(n, NONE) for name in ("started", "ended")}
    none = {name: np.zeros(n) for name in ("good", "scrap", "reworked")}
    named = np.array([f"{key}-X" for key in columns["key"]], np.str_)
    at = columns["planned_start"] - 4 * DAY_MS
    status = np.full(n, "cancelled")
    return columns | never | none | {"key": named, "order": named, "status": status, "modified": at}


def inspections(world: World, start: int, now: int) -> Iterator[Columns]:
    """Every order is inspected as a whole when it is done; one piece in twenty of every fourth before, as a sample."""
    for found in around(world, start, now, 2, 0):
        made = found.good + found.scrap
        final = _inspected(found, "final", "full", made, found.reworked, found.scrap, found.done(), made > 0)
        sample = np.maximum(made // 20, 1)
        bad = np.minimum(found.reworked // 20, sample)
        some = (made > 0) & ((found.number + found.day) % 4 == 0)
        first = _inspected(found, "in process", "sample", sample, bad, bad * 0, found.begun() + HOUR_MS, some)
        yield joined([final, first])


def _inspected(
    found: Cells, operation: str, base: str, pieces: Ints, reworked: Ints, rejected: Ints, at: Ints, kept: Values
) -> Columns:
    site, orders = SITES[found.site], found.orders()
    defects = np.array(["", "dimension", "surface", "burr", "porosity"])
    columns = {
        "key": np.array([f"{order}-{operation}" for order in orders]),
        "modified": at + 10 * MIN_MS,
        "site": np.full(found.n, site.code),
        "product": words([one.name for one in PRODUCTS], found.product),
        "order": orders,
        "lot": orders,
        "operation": np.full(found.n, operation),
        "at": at,
        "inspected": pieces,
        "passed_first": pieces - reworked - rejected,
        "reworked": reworked,
        "rejected": rejected,
        "defect": defects[np.where(reworked + rejected > 0, 1 + (found.product + found.number) % 4, 0)],
        "base": np.full(found.n, base),
    }
    return {name: values[kept] for name, values in columns.items()}
