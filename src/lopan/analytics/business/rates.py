"""Money of one currency in the one that is reported in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any


class Rates:
    """Exchange rates by day, the newest up to a day counts; ``rows`` are those of ``rates.sql``."""

    def __init__(self, reporting: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self.reporting = reporting
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}
        for row in rows:
            self._rates.setdefault(row["currency"], []).append((row["day"], Decimal(repr(row["rate"]))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rates) and (self.reporting, self._rates) == (other.reporting, other._rates)

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """``amount`` at the rate of ``day``, '' = it is in the reporting currency; None without a rate up to then."""
        if currency in ("", self.reporting):
            return amount
        known = self._rates.get(currency, [])
        index = bisect_right(known, day, key=lambda one: one[0])
        return amount * known[index - 1][1] if index else None
