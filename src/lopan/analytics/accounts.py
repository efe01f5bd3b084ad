"""Feature adoption by account: the customers in which somebody entitled completed it, of those that were active."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.days import Days, Rows
from lopan.analytics.features import DAYS, daily, entitlements, share
from lopan.analytics.intervals import wilson
from lopan.catalog.product import Feature, Product, titled
from lopan.store import Param, Readers

MIN_ACCOUNTS = 10
"""Below it a share is shown with its interval and greyed."""


class AccountUse(msgspec.Struct, frozen=True, kw_only=True):
    """One feature: of ``accounts`` with somebody active and entitled, in ``done`` somebody entitled completed it.

    ``value`` in per cent with its 95 % bounds; None = no account is active and entitled.
    """

    id: str
    title: str
    core: bool
    definition: str
    value: float | None
    low: float | None
    high: float | None
    accounts: int
    done: int
    enough: bool


class AccountsAdopted(msgspec.Struct, frozen=True, kw_only=True):
    """Every defined feature, and those that an account used, over the 28 days ``dates``; ``core`` is the mean of core.

    The latest events of the days ``late`` are not counted yet.
    """

    dates: Dates
    audience: Audience
    zone: str
    features: list[AccountUse]
    core: float | None
    partial: bool
    late: list[date]


class Accounts:
    """Adoption from the daily bitmaps; an account is a value of ``customer``, and events without one are of none."""

    def __init__(self, days: Days, readers: Readers, product: Product) -> None:
        self._days = days
        self._readers = readers
        self._product = product
        self._daily = daily(product)

    async def adoption(
        self, last: date | None = None, audience: Audience = Audience(), others: Sequence[str] = ()
    ) -> AccountsAdopted:
        """The 28 days that end with ``last`` (default and at most: today); ``others`` are features not defined.

        Raises Rejected for a filter on two of role, release and customer.
        """
        now = self._days.today()
        last = min(last or now, now)
        dates = Dates(last - DAY * (DAYS - 1), last)
        active, used = await asyncio.gather(
            *(self._days.rows(table, dates, audience.number) for table in (PEOPLE, self._daily))
        )
        people, done = await asyncio.gather(
            self._counts(active, over("people", active.sql, "feature_people"), audience),
            self._counts(used, used.sql, audience),
        )
        features = [self._use(name, people, done) for name in [*self._product.features, *others]]
        values = [one.value for one in features if one.core and one.value is not None]
        return AccountsAdopted(
            dates=dates,
            audience=audience,
            zone=self._days.zone.key,
            features=features,
            core=sum(values) / len(values) if values else None,
            partial=last == now,
            late=sorted({*active.late, *used.late}),
        )

    async def _counts(self, source: Rows, rows: str, audience: Audience) -> dict[str, int]:
        axis, name = audience.axis
        own: dict[str, Param] = {"axis": axis, "name": name, **entitlements(self._product)}
        table = await self._readers.rows(over("used", rows, "feature_accounts"), {**source.params, **own})
        return {row["feature"]: row["accounts"] for row in table.to_pylist()}

    def _use(self, name: str, people: dict[str, int], done: dict[str, int]) -> AccountUse:
        defined = self._product.features.get(name)
        feature = defined or Feature(id=name, success=("*",))
        accounts = people.get(name if feature.roles or feature.customers else "", 0)
        hits = done.get(name, 0)
        bound = wilson(hits, accounts)
        return AccountUse(
            id=name,
            title=titled(defined, name),
            core=feature.core,
            definition=_definition(feature),
            value=share(hits, accounts),
            low=100 * bound.low if bound else None,
            high=100 * bound.high if bound else None,
            accounts=accounts,
            done=hits,
            enough=accounts >= MIN_ACCOUNTS,
        )


def _definition(feature: Feature) -> str:
    """The formula in one line."""
    success = "any event" if "*" in feature.success else " or ".join(map(repr, feature.success))
    entitled = "somebody entitled" if feature.roles or feature.customers else "somebody"
    return (
        f"100 x customers in which {entitled} had success ({success}) of {feature.id}"
        f" / customers in which {entitled} was active, trailing {DAYS} days"
    )
