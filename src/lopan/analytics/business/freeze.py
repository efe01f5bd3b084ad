"""What a window of days came to, in the form that a baseline freezes."""

from __future__ import annotations

import asyncio

from lopan.analytics.business.ledger import Ledger, Scope, allocated
from lopan.analytics.calendar import Dates
from lopan.control.baselines import Frozen, Held, Made, Repaired, Worked


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
