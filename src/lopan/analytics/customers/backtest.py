"""Did the score foretell who left? Scores of past days against the contracts 90 days later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from lopan.analytics.calendar import DAY
from lopan.analytics.customers.auc import Auc, auc
from lopan.analytics.customers.book import Books, healths
from lopan.analytics.customers.score import COVERED, Health, Part
from lopan.analytics.customers.signals import Signals
from lopan.analytics.intervals import wilson
from lopan.catalog.health import COMPONENTS, Component

AHEAD: Final = 90
"""Days within which a customer leaves or stays."""
STEP: Final = 91
"""Days between two scores of a customer: no churn is foretold twice."""
ROUNDS: Final = 4
LEAST: Final = 10
"""Customers that left, and that stayed, below which nothing is claimed."""
BANDS: Final = ((0, 40), (40, 60), (60, 70), (70, 80), (80, 100))


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """How well the score ('') or one component tells who leaves; ``value`` None = insufficient.

    0.5 is chance, 1 is always right. ``left`` and ``stayed`` are observations, one of a customer on a day.
    """

    of: str
    value: float | None
    low: float | None
    high: float | None
    left: int
    stayed: int


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Customers whose score lay from ``least`` to below ``most``; ``share`` of them left, in per cent, with Wilson's
    interval; None = nobody was there.
    """

    least: int
    most: int
    n: int
    left: int
    share: float | None
    low: float | None
    high: float | None


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of ``days`` against the contracts 90 days after each.

    ``customers_left`` distinct customers left; ``enough`` when they and those who stayed are at least ten. ``unscored``
    observations had an insufficient score and are left out.
    """

    days: list[date]
    observations: int
    unscored: int
    customers_left: int
    customers_stayed: int
    enough: bool
    tellings: list[Telling]
    bands: list[Band]


class _Seen(msgspec.Struct, frozen=True):
    customer: str
    health: Health
    left: bool


class Backtests:
    """Scores the past as ``books`` scores today."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def run(self, day: date | None = None) -> Backtest:
        """The four last rounds whose 90 days are over."""
        last = self._books.day(day) - DAY * AHEAD
        days = sorted(last - DAY * (STEP * back) for back in range(ROUNDS))
        signals = await self._books.sources.signals(days)
        return await asyncio.to_thread(self._told, signals, days)

    def _told(self, signals: Signals, days: Sequence[date]) -> Backtest:
        seen: list[_Seen] = []
        scored: set[date] = set()
        unscored = 0
        for customer in signals.contracts.accounts():
            for one, health in healths(signals, self._books.judging, customer):
                if health.colour == "insufficient":
                    unscored += 1
                    continue
                scored.add(one)
                seen.append(_Seen(customer, health, signals.terms(one + DAY * AHEAD, customer) is None))
        left, stayed = ({one.customer for one in seen if one.left is side} for side in (True, False))
        enough = min(len(left), len(stayed)) >= LEAST
        return Backtest(
            days=[one for one in days if one in scored],
            observations=len(seen),
            unscored=unscored,
            customers_left=len(left),
            customers_stayed=len(stayed),
            enough=enough,
            tellings=[_telling(seen, None), *(_telling(seen, name) for name in COMPONENTS)],
            bands=[_band(seen, least, most) for least, most in BANDS],
        )


def _telling(seen: Sequence[_Seen], of: Component | None) -> Telling:
    told: tuple[list[tuple[str, float]], list[tuple[str, float]]] = ([], [])
    for one in seen:
        value = one.health.score if of is None else _points(one.health.part(of))
        if value is not None:
            told[not one.left].append((one.customer, value))
    left, stayed = told
    few = min(len({name for name, _ in side}) for side in told) < LEAST
    found: Auc | None = None if few else auc(left, stayed)
    value, low, high = found or (None, None, None)
    return Telling(of=of or "", value=value, low=low, high=high, left=len(left), stayed=len(stayed))


def _points(part: Part) -> float | None:
    return part.points if part.state in COVERED else None


def _band(seen: Sequence[_Seen], least: int, most: int) -> Band:
    scores = [(one.health.score or 0.0, one.left) for one in seen]
    inside = [gone for value, gone in scores if least <= value < most or value == most == BANDS[-1][1]]
    n, left = len(inside), sum(inside)
    bound = wilson(left, n)
    return Band(
        least=least,
        most=most,
        n=n,
        left=left,
        share=100 * left / n if n else None,
        low=100 * bound.low if bound else None,
        high=100 * bound.high if bound else None,
    )
