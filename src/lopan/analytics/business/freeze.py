"""What a window of days came to, in the form that a baseline freezes, and what of it is worth reading."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Final

import msgspec

from lopan.analytics.business import measured
from lopan.analytics.business.ledger import Ledger, Scope, allocated
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.facts import Facts
from lopan.control.baselines import Frozen, Held, Made, Repaired, Worked
from lopan.store import Readers, Store

PROPOSED: Final = 90
"""Days of a window that nobody chose."""


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """The main values of one site; None where nothing was known of it. Money is in the currency of the baseline.

    ``scrap_rate`` is a share of the units made, ``productivity`` the standard hours earned in an hour, ``stock`` the
    average value.
    """

    good: float | None
    scrap_rate: float | None
    unit_cost: float | None
    productivity: float | None
    stock: float | None


def proposed(begun: date | None, today: date) -> Dates:
    """The 90 days before the roll-out began, or before today where none has begun yet."""
    last = min(begun or today, today) - DAY
    return Dates(last - DAY * (PROPOSED - 1), last)


def complete(last: date, close_days: int) -> date:
    """The first day on which all costs of a window that ends with ``last`` are expected to be known."""
    return (last.replace(day=1) + timedelta(days=32)).replace(day=1) + DAY * close_days


def closed(after: date, today: date, close_days: int, most: int) -> Dates | None:
    """The newest whole months, at most so many, that begin after a day and whose costs are complete."""
    last = (today - DAY * close_days).replace(day=1) - DAY
    first = last.replace(day=1)
    for _ in range(most - 1):
        earlier = (first - DAY).replace(day=1)
        first = earlier if earlier > after else first
    return Dates(first, last) if first > after else None


def at_rest(store: Store, dates: Dates, zone: str, currency: str) -> Frozen:
    """As ``frozen``, from a store that this process has opened and no server has; blocks."""
    readers = Readers(store, 1)
    try:
        ledger = Ledger(Facts(readers, store, zone, currency))
        return asyncio.run(frozen(ledger, dates, Scope(dates.last)))
    finally:
        readers.close()


def values(known: Frozen, hours: str) -> Values:
    """The main values of all sites together; ``hours``: ``paid`` or ``direct`` ones."""
    good, scrap = sum(one.good for one in known.made), sum(one.scrap for one in known.made)
    cost = sum(one.cost for one in known.made)
    return Values(
        good=good if known.made else None,
        scrap_rate=scrap / (good + scrap) if good + scrap else None,
        unit_cost=cost / good if cost and good else None,
        productivity=measured.productivity(known, hours),
        stock=sum(one.average for one in known.held) if known.held else None,
    )


def by_site(known: Frozen, hours: str) -> dict[str, Values]:
    """The main values of every site by its name; "" is what names none."""
    parts = (known.made, known.worked, known.held)
    sites = sorted({one.site for part in parts for one in part})
    return {site: values(_of(known, site), hours) for site in sites}


def gaps(known: Frozen) -> list[str]:
    """What nothing was known of, in words; figures that need it have no data."""
    there = {
        "work orders": known.made,
        "costs of making": any(one.cost for one in known.made),
        "hours": known.worked,
        "stock": known.held,
    }
    return [what for what, found in there.items() if not found]


async def frozen(ledger: Ledger, dates: Dates, scope: Scope) -> Frozen:
    """The values of ``dates``, by site and product; stock is averaged over the days since it was first counted."""
    hours, output, spent, stock, known = await asyncio.gather(
        ledger.hours([dates], scope),
        ledger.output([dates], scope),
        ledger.spent([dates], scope),
        ledger.stock([dates], scope),
        ledger.stocked(scope),
    )
    costs = allocated(spent, output)
    since = min((one.first for one in known.values()), default=dates.first)
    covered = len(Dates(max(dates.first, since), dates.last))
    repaired: dict[str, float] = {}
    for one in spent:
        repaired[one.site] = repaired.get(one.site, 0.0) + one.repair
    return Frozen(
        made=[
            Made(
                site=made.site,
                product=made.product,
                good=made.good,
                scrap=made.scrap,
                valued=made.valued,
                standard=made.standard,
                scrap_cost=made.scrap_cost,
                cost=costs.get((0, made.site, made.product), 0.0),
            )
            for made in output
        ],
        worked=[Worked(site=one.site, paid=one.paid, direct=one.direct, earned=one.earned) for one in hours],
        held=[Held(site=lying.site, average=lying.held / covered) for lying in stock],
        repaired=[Repaired(site=site, cost=cost) for site, cost in sorted(repaired.items()) if cost],
    )


def _of(known: Frozen, site: str) -> Frozen:
    """As ``Frozen.at``, but "" is no site instead of all."""
    return Frozen(
        made=[one for one in known.made if one.site == site],
        worked=[one for one in known.worked if one.site == site],
        held=[one for one in known.held if one.site == site],
    )
