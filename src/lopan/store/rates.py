"""Exchange rates in both directions, as every statement about money joins them.

A flow is worth what its own day says, a stock what the end of the period says: the newest rate up to that day.

    FROM (SELECT *, toInt64(day) AS d FROM {cost:Identifier}) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.d >= r.d

and ``if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0))`` is the rate, NULL where there is none: an amount
without a currency is in the one that money is reported in. ``toDecimal128(amount * rate, 6)`` makes sums exact, so that
the order in which facts came is no part of them.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from lopan.store.base import Store
from lopan.store.facts import known_on, now

RATES = "rates"
FACT = "fx_rate"
_BOTH = """CREATE OR REPLACE VIEW {view} AS
SELECT currency, into, toInt64(day) AS d, argMax(rate, (direct, ver, source, key)) AS rate
FROM (
    SELECT toString(currency) AS currency, toString(into) AS into, day, rate, 1 AS direct, ver, source, key FROM {rates}
    UNION ALL
    SELECT toString(into), toString(currency), day, 1 / rate, 0, ver, source, key FROM {rates}
)
GROUP BY currency, into, d"""
"""Where a day has the rate itself and its inverse, the rate itself counts; of several, the newest."""


def rates_now(store: Store) -> str:
    """The name of a view of the rates as they are known now, made anew."""
    return _view(store, now(FACT), "fact_rates_now")


def rates_on(store: Store, day: date, zone: ZoneInfo) -> str:
    """The name of a view of the rates as they were known at the end of ``day`` in ``zone``, made anew."""
    return _view(store, known_on(store, FACT, day, zone), f"fact_rates_on_{day:%Y%m%d}")


def _view(store: Store, rates: str, view: str) -> str:
    store.execute(_BOTH.format(view=view, rates=rates))
    return view
