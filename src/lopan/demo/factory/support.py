"""Tickets from opened to closed, and answers to surveys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from lopan.demo import facts
from lopan.demo.draw import by_weight
from lopan.demo.factory import stories
from lopan.demo.factory.blocks import NONE, Columns, joined, words
from lopan.demo.factory.contracts import book
from lopan.demo.factory.world import DAY_MS, HOUR_MS, World
from lopan.demo.fleet import CUSTOMERS, Floats, Ints
from lopan.demo.product import COMMENTS, ROLES

A_DAY = 7.5
"""Tickets opened on a working day."""
LONGEST = 60
"""Days after which nothing more happens to a ticket."""
ANSWERS_A_DAY = 7.0
_TROUBLE, _CRASHING = 0.11, 0.4
"""Tickets a day of a customer who is on the way out, and of the one whose app crashes."""
_WEEK = (1.15, 1.05, 1.0, 1.0, 0.9, 0.2, 0.15)
PRIORITIES = ("low", "normal", "high", "critical")
_LIKELY = (0.25, 0.5, 0.2, 0.05)
DUE_H = np.array([120, 72, 24, 8])
_CATEGORIES = ("how to", "delivery", "data", "integration", "billing", "app crash")
_CHANNELS = ("e-mail", "portal", "phone")
EVENTS = ("opened", "responded", "waiting", "resumed", "resolved", "reopened", "resolved", "closed")


def ticket_events(world: World, start: int, now: int) -> Iterator[Columns]:
    """One row a step; the step is written down when it happens."""
    for day in range(max(world.first, start // DAY_MS - LONGEST), now // DAY_MS + 1):
        opened = tickets(world, day)
        if len(opened["key"]):
            yield opened


@lru_cache(600)
def tickets(world: World, day: int) -> Columns:
    """Every step of the tickets opened on a UTC day."""
    rng = world.rng("tickets", day)
    usual = A_DAY * _WEEK[(day + 3) % 7] * world.scale * world.share
    bad = _troubled(world, day)
    extra = np.where(np.arange(CUSTOMERS) == facts.HURT, _CRASHING, _TROUBLE) * bad
    buyer = np.repeat(np.arange(CUSTOMERS), rng.poisson((usual + extra) * book(world).active(day)))
    n = len(buyer)
    sore = bad[buyer] & (rng.random(n) < 0.9)
    likely = np.where(sore[:, None], [(0.02, 0.18, 0.5, 0.3)], [_LIKELY])
    priority = by_weight(rng, np.asarray(likely, float))
    crash = (buyer == facts.HURT) & sore
    category = np.where(crash, len(_CATEGORIES) - 1, rng.integers(0, len(_CATEGORIES) - 1, n))
    steps = _steps(rng, day, priority, sore)
    who = np.tile(np.arange(n), len(EVENTS))
    step = np.repeat(np.arange(len(EVENTS)), n)
    at = steps.ravel()
    kept = at != NONE
    who, step, at = who[kept], step[kept], at[kept]
    named = np.array([f"T-{day}-{number:03d}" for number in range(n)], np.str_)
    return {
        "key": np.array([f"{named[one]}-{which}" for one, which in zip(who, step, strict=True)], np.str_),
        "modified": at,
        "ticket": named[who],
        "customer": world.names[buyer][who],
        "event": np.array(EVENTS)[step],
        "at": at,
        "priority": words(PRIORITIES, priority)[who],
        "category": words(_CATEGORIES, category)[who],
        "channel": words(_CHANNELS, rng.integers(0, len(_CHANNELS), n))[who],
        "due": (steps[0] + DUE_H[priority] * HOUR_MS)[who],
    }


def _steps(rng: np.random.Generator, day: int, priority: Ints, sore: Ints) -> Ints:
    """[events, tickets] in ms; NONE where a step is left out. A sore ticket is slow and often comes back."""
    n = len(priority)
    slow = np.where(sore, 3.5, 1.0)
    opened = day * DAY_MS + (rng.uniform(5, 20, n) * HOUR_MS).astype(np.int64)
    responded = opened + _hours(np.array([5.0, 3.0, 1.2, 0.5])[priority] * rng.lognormal(0.0, 0.6, n) * slow)
    waits = rng.random(n) < 0.25
    waiting = responded + _hours(rng.uniform(0.2, 3.0, n))
    resumed = waiting + _hours(rng.exponential(20.0, n))
    work = np.array([40.0, 22.0, 9.0, 4.0])[priority] * rng.lognormal(0.0, 0.7, n) * slow
    resolved = np.where(waits, resumed, responded) + _hours(np.minimum(work, 400.0))
    again = rng.random(n) < np.where(sore, 0.35, 0.05)
    reopened = resolved + _hours(rng.uniform(2.0, 40.0, n))
    twice = reopened + _hours(rng.exponential(16.0, n) + 1)
    closed = np.where(again, twice, resolved) + 3 * DAY_MS
    steps = [opened, responded, np.where(waits, waiting, NONE), np.where(waits, resumed, NONE), resolved]
    steps += [np.where(again, reopened, NONE), np.where(again, twice, NONE), closed]
    return np.stack(steps)


def survey_responses(world: World, start: int, now: int) -> Iterator[Columns]:
    """After deliveries a CSAT of 1 to 5, each quarter an NPS of 0 to 10."""
    for day in range(max(world.first, start // DAY_MS), now // DAY_MS + 1):
        yield joined([_answers(world, day, "delivery", "csat"), _answers(world, day, "relationship", "nps")])


def _answers(world: World, day: int, survey: str, scale: str) -> Columns:
    csat = scale == "csat"
    rng = world.rng("surveys", day, int(csat))
    mean = ANSWERS_A_DAY * (0.7 if csat else 0.3) * world.scale * _WEEK[(day + 3) % 7]
    bad = _troubled(world, day)
    chance = (world.share * mean + 0.035 * bad) * book(world).active(day)
    buyer = np.repeat(np.arange(CUSTOMERS), rng.poisson(chance))
    n = len(buyer)
    usual, sour = ((1, 2, 8, 40, 49), (34, 36, 20, 8, 2)) if csat else (_NPS, _SOUR)
    score = by_weight(rng, np.where(bad[buyer][:, None], [sour], [usual]).astype(float)) + (1 if csat else 0)
    low = score <= (2 if csat else 5)
    high = score >= (5 if csat else 9)
    kind = np.where(low, 0, np.where(high, 2, 1)) * 3 + rng.integers(0, 3, n)
    texts = [text for mood in ("low", "middle", "high") for text in COMMENTS[mood]]
    at = day * DAY_MS + (rng.uniform(6, 18, n) * HOUR_MS).astype(np.int64)
    return {
        "key": np.array([f"{survey}-{day}-{number}" for number in range(n)], np.str_),
        "modified": at,
        "survey": np.full(n, survey),
        "customer": world.names[buyer],
        "role": words([role.name for role in ROLES], rng.integers(0, len(ROLES), n)),
        "scale": np.full(n, scale),
        "score": score.astype(float),
        "comment": np.where(rng.random(n) < 0.3, words(texts, kind), ""),
        "at": at,
    }


_NPS = (1, 1, 1, 1, 2, 4, 6, 13, 25, 26, 20)
_SOUR = (14, 12, 14, 14, 14, 12, 8, 6, 4, 1, 1)


def _troubled(world: World, day: int) -> Ints:
    """Whether each customer is on the way out, or has an app that crashes."""
    bad = np.zeros(CUSTOMERS, bool)
    bad[list(facts.LEAVING)] = world.since(day) >= stories.LEAVING_SINCE
    bad[facts.HURT] = world.since(day) >= facts.HURT_SINCE
    return bad


def _hours(hours: Floats) -> Ints:
    return (hours * HOUR_MS).astype(np.int64)
