"""How adoption went: of some features and of the core, by day, each day with the 27 before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.days import Days, Rows
from lopan.analytics.features import DAYS, daily, entitlements, share
from lopan.catalog.product import Product
from lopan.store import Param, Readers


class AdoptionDay(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``people`` active and entitled in the 28 days that end with ``day``, ``done`` completed the feature.

    ``value`` in per cent, None without anybody. ``partial`` = the day is still going on.
    """

    day: date
    people: int
    done: int
    value: float | None
    partial: bool


class Course(NamedTuple):
    """Days in order by feature, those of ``core`` (mean adoption of the core features), and days still to be counted.

    A day of ``core`` has as its ``people`` the most that any core feature is for; its ``done`` is of no meaning, 0.
    """

    features: dict[str, list[AdoptionDay]]
    core: list[AdoptionDay]
    late: list[date]


class FeatureCourse:
    """Adoption by day from the daily bitmaps, by the definitions of ``product``; today comes from raw events."""

    def __init__(self, days: Days, readers: Readers, product: Product) -> None:
        self._days = days
        self._readers = readers
        self._product = product
        self._daily = daily(product)

    async def course(self, dates: Dates, audience: Audience = Audience(), features: Sequence[str] = ()) -> Course:
        """Every day of ``dates`` up to today, for ``features`` and the core ones.

        Raises Rejected for a filter on two of role, release and customer.
        """
        today = self._days.today()
        dates = Dates(min(dates.first, today), min(dates.last, today))
        core = [one.id for one in self._product.features.values() if one.core]
        wanted = sorted({*features, *core})
        reach = Dates(dates.first - DAY * (DAYS - 1), dates.last)
        active, used = await asyncio.gather(
            *(self._days.rows(table, reach, audience.number) for table in (PEOPLE, self._daily))
        )
        people, done = await asyncio.gather(
            self._counts(active, over("people", active.sql, "feature_people"), reach, audience, ["", *wanted]),
            self._counts(used, used.sql, reach, audience, wanted),
        )

        def at(name: str, day: date) -> AdoptionDay:
            feature = self._product.features.get(name)
            n = people.get((name if feature and (feature.roles or feature.customers) else "", day), 0)
            hits = done.get((name, day), 0)
            return AdoptionDay(day=day, people=n, done=hits, value=share(hits, n), partial=day >= today)

        found = {name: [at(name, day) for day in dates] for name in wanted}
        means = [_mean([found[name][index] for name in core], day, day >= today) for index, day in enumerate(dates)]
        return Course(
            {name: found[name] for name in features}, means if core else [], sorted({*active.late, *used.late})
        )

    async def _counts(
        self, source: Rows, rows: str, reach: Dates, audience: Audience, wanted: list[str]
    ) -> dict[tuple[str, date], int]:
        axis, name = audience.axis
        own: dict[str, Param] = {"axis": axis, "name": name, **entitlements(self._product)}
        own |= {"wanted": wanted, "origin": reach.first, "days": len(reach)}
        table = await self._readers.rows(over("used", rows, "feature_course"), {**source.params, **own})
        return {(row["feature"], row["day"]): row["people"] for row in table.to_pylist()}


def _mean(cells: Sequence[AdoptionDay], day: date, partial: bool) -> AdoptionDay:
    values = [one.value for one in cells if one.value is not None]
    mean = sum(values) / len(values) if values else None
    return AdoptionDay(
        day=day, people=max((one.people for one in cells), default=0), done=0, value=mean, partial=partial
    )
