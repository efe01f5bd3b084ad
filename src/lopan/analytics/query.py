"""What a figure is made of, and the form in which a KPI of kind ``query`` hands it over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from lopan.catalog import Kpi, Narrow, Part
from lopan.catalog.workdays import Workdays


class Sums(NamedTuple):
    """What adds up over buckets: numerator, denominator, samples; sums of value and its square over ``events``."""

    num: float = 0.0
    den: float = 0.0
    samples: int = 0
    total: float = 0.0
    squares: float = 0.0
    events: int = 0

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            self.num + other.num,
            self.den + other.den,
            self.samples + other.samples,
            self.total + other.total,
            self.squares + other.squares,
            self.events + other.events,
        )


class Row(NamedTuple):
    """One bucket of one half for one key; ``t`` is its begin in epoch seconds, 0 = not split by time."""

    half: int
    t: int
    k: str
    sums: Sums


class Query(Protocol):
    """Answers one KPI of kind ``query``, whose ``query`` names it."""

    async def rows(self, kpi: Kpi, parts: Sequence[Part], by: str, narrow: Narrow) -> list[Row]:
        """The figure of each part: one row, or with ``by`` one for each value of that dimension.

        Where the KPI is additive the rows may be those of local days (``t``), which add up to the figure.
        """
        ...

    async def series(self, kpi: Kpi, part: Part, narrow: Narrow) -> list[Row]:
        """The figure of each local day (or week) of the part, ``t`` its first instant; the current one included."""
        ...


class FactQuery(Protocol):
    """Answers one KPI of kind ``query`` whose ``source`` is a business fact."""

    async def rows(
        self, kpi: Kpi, parts: Sequence[Part], step: int, by: str, narrow: Narrow, days: Workdays, now: datetime
    ) -> list[Row]:
        """The figure of each part, split by ``step`` (DAY, WEEK, MONTH; 0 = not) and ``by``.

        ``t`` is the first day of the bucket, counted from 1970. Parts begin and end at midnights of the configured
        zone and mean those dates at every site, as ``days`` has them; ``now`` is not later than the end of the day
        ``narrow.known``.
        """
        ...
