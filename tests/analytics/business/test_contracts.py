"""One reading of contracts: what the book of customers adds up to is what the KPIs of recurring revenue say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analytics.customers.town import NOW, Town, ago
from tests.analytics.figures import CATALOG, unapproved
from tests.analytics.usage import EXAMPLES, At
from tests.support import pipeline

from lopan.analytics.business import moneykpis
from lopan.analytics.calendar import DAY, begin
from lopan.analytics.customers.book import Book, Books, summary
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Metric, Span
from lopan.catalog import health
from lopan.catalog.business import Business

JUDGING = health.load()
RATES = [{"day": ago(70).date(), "currency": "USD", "into": "EUR", "rate": 0.5}]
RATES += [{"day": ago(20).date(), "currency": "EUR", "into": "USD", "rate": 1.6}]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with pipeline(tmp_path_factory.mktemp("contracts")) as target:
        yield Town(target)


def row(draw: random.Random, number: int) -> dict[str, Any]:
    started = ago(draw.choice((draw.uniform(-20, 200), 28, 29, 60))).replace(microsecond=0)
    return {
        "key": str(number),
        "account": draw.choice("abcdef"),
        "contract": draw.choice(("", "1", "2")),
        "started": started,
        "ended": draw.choice((None, started + timedelta(days=draw.randrange(1, 90)))),
        "mrr": Decimal(draw.randrange(10_000)) / 100,
        "currency": draw.choice(("", "EUR", "USD", "USD", "JPY")),
        "change": draw.choice(("new", "renew", "expand", "contract", "churn")),
        "seats": draw.randrange(5),
    }


def asked(town: Town, day: date, zone: str) -> tuple[Book, Metric, Metric]:
    """The book of the day, and MRR and retention of the range that ends with it."""
    span = Span(begin(day, ZoneInfo(zone)), begin(day + DAY, ZoneInfo(zone)))

    async def ask(on: Any) -> tuple[Book, Metric, Metric]:
        clock = At(NOW)
        money = moneykpis.queries(on.facts, Business(), unapproved)
        kpis = Kpis(on.readers, CATALOG, clock, zone, {}, FactKpis(on.facts, clock, money))
        book = await Books(on.sources, on.readers, JUDGING).book(day)
        return book, await kpis.metric("mrr", span, by="customer"), await kpis.metric("customer_retention", span)

    return town.ask(ask, zone)


@EXAMPLES
@given(st.sampled_from(("UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")), st.integers(0, 10**9))
def test_book_adds_up_to_recurring_revenue(town: Town, zone: str, seed: int) -> None:
    draw = random.Random(seed)
    town.fill(fx_rate=RATES)
    for source in ("crm", "billing"):
        town.load("contract", [row(draw, number) for number in range(draw.randint(0, 12))], source)
    yesterday = NOW.astimezone(ZoneInfo(zone)).date() - DAY
    for day in (yesterday, yesterday - DAY * draw.randint(1, 80)):
        book, mrr, _ = asked(town, day, zone)
        total = summary(book.entries)
        rounded = len(book.entries) * 5e-5  # each line of the book has four places
        assert (total.mrr or 0) == pytest.approx(mrr.value or 0, abs=rounded + 1e-9)
        assert mrr.n == total.accounts
        known = {entry.id: entry.mrr for entry in book.entries}
        assert {one.key: one.value for one in mrr.groups if known.get(one.key) is not None} == {
            name: pytest.approx(one, abs=1e-4) for name, one in known.items() if one is not None
        }


def test_account_counts_until_the_time_for_a_renewal_has_passed(town: Town) -> None:
    held = {"mrr": Decimal(100), "change": "new", "started": ago(400), "seats": 3}
    town.fill(
        contract=[
            {**held, "account": "waits", "ended": ago(29)},
            {**held, "account": "gone", "ended": ago(31)},
            {**held, "account": "left", "contract": "1"},
            {**held, "account": "left", "contract": "1", "started": ago(5), "change": "churn", "mrr": Decimal(0)},
            {**held, "account": "came back", "ended": ago(60)},
            {**held, "account": "came back", "started": ago(35)},
        ]
    )
    book, mrr, kept = asked(town, ago(1).date(), "UTC")
    assert {entry.id: entry.lapsed for entry in book.entries} == {"waits": ago(29).date(), "came back": None}
    assert (mrr.value, kept.value) == (200, 50)
    in_the_gap, mrr, _ = asked(town, ago(50).date(), "UTC")
    assert {entry.id for entry in in_the_gap.entries} == {"waits", "gone", "left", "came back"}
    assert mrr.value == 400
    then = next(entry for entry in in_the_gap.entries if entry.id == "came back")
    assert (then.lapsed, then.mrr) == (None, 100)
