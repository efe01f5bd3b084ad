"""Money of one currency in the one that is reported in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any


class Rates:
    """Exchange rates by day: the newest up to a day counts, direct or inverse, on one day the direct one."""

    def __init__(self, reporting: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self.reporting = reporting
        self._rates: dict[str, list[tuple[date, int, Decimal]]] = {}
        for row in rows:
            direct = row["into"] == reporting
            other = row["currency"] if direct else row["into"]
            rate = Decimal(repr(row["rate"]))
            self._rates.setdefault(other, []).append((row["day"], int(direct), rate if direct else 1 / rate))
        for known in self._rates.values():
            known.sort(key=lambda one: one[:2])

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """``amount`` at the rate of ``day``, '' = it is in the reporting currency; None without a rate up to then."""
        if currency in ("", self.reporting):
            return amount
        known = self._rates.get(currency, [])
        index = bisect_right(known, (day, 2), key=lambda one: one[:2])
        return amount * known[index - 1][2] if index else None
