"""Money in one currency: the newest rate up to the day, whichever way it is quoted, in whatever order it came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.house import House

FIRST = date(2026, 1, 1)
WRITTEN = datetime(2026, 2, 1, tzinfo=UTC)
WORTH = """
SELECT f.key AS key, if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)) AS rate,
    toFloat64(toDecimal128(f.amount * rate, 6)) AS worth
FROM (SELECT key, currency, amount, toInt64(day) AS d FROM {cost:Identifier}) AS f
ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
    ON f.currency = r.currency AND f.d >= r.d
ORDER BY key
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("rates"))
    yield made
    made.close()


def asked(house: House, known: date | None = None) -> dict[str, Any]:
    rows = house.ask(lambda facts: facts.ask(WORTH, known))
    return {row["key"]: row["worth"] for row in rows}


days = st.integers(0, 9).map(lambda offset: FIRST + timedelta(days=offset))
amounts = st.decimals(-(10**6), 10**6, places=4)
costs = st.lists(st.tuples(days, amounts, st.sampled_from(["", "EUR", "USD", "JPY"])), min_size=1, max_size=40)
rates = st.dictionaries(
    st.tuples(days, st.sampled_from([("USD", "EUR"), ("EUR", "USD"), ("USD", "JPY"), ("JPY", "EUR")])),
    st.integers(1, 2_000).map(lambda thousandths: thousandths / 1_000),
    max_size=20,
)


def worth(day: date, amount: Decimal, currency: str, quoted: dict[tuple[date, tuple[str, str]], float]) -> Any:
    """What an amount is worth in EUR, thought through anew."""
    if currency in ("", "EUR"):
        return amount
    for back in range(20):
        on = day - timedelta(days=back)
        if (on, (currency, "EUR")) in quoted:
            return amount * Decimal(quoted[on, (currency, "EUR")])
        if (on, ("EUR", currency)) in quoted:
            return amount / Decimal(quoted[on, ("EUR", currency)])
    return None


@settings(max_examples=8)
@given(spent=costs, quoted=rates, late=st.booleans())
def test_an_amount_is_worth_what_its_own_day_says(
    house: House, spent: list[tuple[date, Decimal, str]], quoted: dict[tuple[date, tuple[str, str]], float], late: bool
) -> None:
    house.clear("cost", "fx_rate")
    lines = [
        {"key": f"{day} {pair}", "day": day, "currency": pair[0], "into": pair[1], "rate": rate}
        for (day, pair), rate in quoted.items()
    ]
    bought = [
        {"key": str(number), "day": day, "amount": amount, "currency": currency, "type": "other"}
        for number, (day, amount, currency) in enumerate(spent)
    ]
    outdated = [{**line, "rate": 7.0, "modified": WRITTEN} for line in lines]
    corrected = [{**line, "modified": WRITTEN + timedelta(hours=1)} for line in lines]
    arrivals = [("cost", bought), ("fx_rate", outdated), ("fx_rate", corrected)]
    for fact, rows in arrivals[:: -1 if late else 1]:
        house.load(rows, fact)
    found = asked(house)
    for number, (day, amount, currency) in enumerate(spent):
        expected = worth(day, amount, currency, quoted)
        if expected is None:
            assert found[str(number)] is None
        else:
            assert found[str(number)] == pytest.approx(float(expected), rel=1e-12, abs=2e-6)


def test_rates_are_those_that_were_known(house: House) -> None:
    house.clear("cost", "fx_rate")
    house.load([{"key": "1", "amount": Decimal(8), "currency": "USD", "day": FIRST, "type": "other"}])
    rate = {"key": "1", "day": FIRST, "currency": "USD", "into": "EUR"}
    house.load([{**rate, "rate": 0.5}], "fx_rate")
    first = house.clock.now().date()
    house.clock.move(86_400)
    house.load([{**rate, "rate": 0.25}], "fx_rate")
    assert (asked(house, first), asked(house), asked(house, first - timedelta(days=1))) == ({"1": 4.0}, {"1": 2.0}, {})
