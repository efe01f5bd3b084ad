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

RATES = "rates"
"""What statements call the view."""

SOURCE = "fx_rate"
"""The fact that it is made of."""

NOW = "fact_rates_now"
"""The view of the rates as they are known now."""


def view(name: str, source: str) -> str:
    """The statement that makes the view ``name`` over ``source``, rows of the fact as they are or were known.

    Where a day has the rate itself and its inverse, the rate itself counts; of several, the newest.
    """
    return f"""CREATE OR REPLACE VIEW {name} AS
SELECT currency, into, toInt64(day) AS d, argMax(rate, (direct, ver, source, key)) AS rate
FROM (
    SELECT toString(currency) AS currency, toString(into) AS into, day, rate, 1 AS direct, ver, source, key
    FROM {source}
    UNION ALL
    SELECT toString(into), toString(currency), day, 1 / rate, 0, ver, source, key FROM {source}
)
GROUP BY currency, into, d"""  # noqa: S608 - names of views alone
