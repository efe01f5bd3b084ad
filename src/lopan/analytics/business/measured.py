"""A period measured against the baseline: waste, cost a unit, productivity, each at the baseline's own product mix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from lopan.analytics.business.ledger import Hours, Output
from lopan.control.baselines import Frozen, Made

Of = TypeVar("Of", Output, Made)


class Index(NamedTuple):
    """What the baseline's units cost then (``base``) and would cost now; ``units`` were made now of the same products.

    Products that were not made in both periods are left out: ``unmatched`` of the units made now.
    """

    now: float
    base: float
    units: float
    unmatched: float


def waste(output: Iterable[Output], frozen: Frozen) -> Index:
    """Scrap cost of the baseline's good units, at its own rates and at those of now; valued units alone count."""
    now = by_product(output, lambda one: (one.valued, one.scrap_cost))
    base = by_product(frozen.made, lambda made: (made.valued, made.scrap_cost))
    return _index(now, base)


def cost(spent: Mapping[tuple[int, str, str], float], output: Iterable[Output], frozen: Frozen) -> Index:
    """Cost of making the baseline's good units, then and now; ``spent`` by (period, site, product)."""
    now = by_product(output, lambda one: (one.good, spent.get((one.period, one.site, one.product), 0.0)))
    base = by_product(frozen.made, lambda made: (made.good, made.cost))
    return _index(now, base)


def productivity(frozen: Frozen, hours: str) -> float | None:
    """Standard hours earned in an hour that was paid, or worked directly; None without any."""
    paid = sum(getattr(one, hours) for one in frozen.worked)
    earned = sum(one.earned for one in frozen.worked)
    return earned / paid if paid and earned else None


def worked(rows: Iterable[Hours], hours: str) -> tuple[float, float]:
    """Earned hours, and those paid or worked directly."""
    known = list(rows)
    return sum(one.earned for one in known), sum(getattr(one, hours) for one in known)


def by_product(rows: Iterable[Of], take: Callable[[Of], tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Two sums for each product."""
    found: dict[str, tuple[float, float]] = {}
    for one in rows:
        first, second = found.get(one.product, (0.0, 0.0))
        more, other = take(one)
        found[one.product] = (first + more, second + other)
    return found


def _index(now: Mapping[str, tuple[float, float]], base: Mapping[str, tuple[float, float]]) -> Index:
    matched = [name for name, (units, _) in now.items() if units > 0 and base.get(name, (0.0, 0.0))[0] > 0]
    return Index(
        now=sum(base[name][0] * now[name][1] / now[name][0] for name in sorted(matched)),
        base=sum(base[name][1] for name in sorted(matched)),
        units=sum(now[name][0] for name in sorted(matched)),
        unmatched=sum(units for name, (units, _) in sorted(now.items()) if name not in matched),
    )
