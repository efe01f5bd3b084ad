"""From the store to what is known of every customer on some days: one statement a source, however many customers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lopan.analytics.business.accounts import Account, Accounts
from lopan.analytics.business.contracts import Contracts, Terms, contracts, moment_of
from lopan.analytics.business.rates import Rates
from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.customers.evidence import Answers, Evidence, Tickets
from lopan.analytics.daily import PEOPLE, Daily, over
from lopan.analytics.days import Days
from lopan.analytics.facts import Facts
from lopan.analytics.features import daily
from lopan.analytics.satisfaction import daily as answer_days
from lopan.catalog.business import Business
from lopan.catalog.health import Component
from lopan.catalog.product import Product
from lopan.catalog.workdays import numbered
from lopan.store import Param, Readers

WINDOW, ANSWERED = 28, 90
"""Days that usage, adoption and support look back on, and satisfaction."""

_FOREVER = datetime(2100, 1, 1, tzinfo=UTC)
Row = Mapping[str, Any]


class Signals(NamedTuple):
    """Everything known of the asked customers on the asked days, by (day, customer).

    ``sources``: the first day of which each source is known. ``late`` days may still miss events.
    """

    zone: ZoneInfo
    days: Sequence[date]
    active: Mapping[tuple[date, str], int]
    features: Mapping[tuple[date, str], frozenset[str]]
    tickets: Mapping[tuple[date, str], Tickets]
    answers: Mapping[tuple[date, str], Mapping[str, Answers]]
    contracts: Contracts
    accounts: Accounts
    rates: Rates
    sources: Mapping[str, date]
    product: Product
    late: Sequence[date]

    def end(self, day: date) -> datetime:
        """The moment at which ``day`` is over."""
        return begin(day + DAY, self.zone)

    @property
    def contracted(self) -> bool:
        """Whether a contract of anybody is known."""
        return "contracts now" in self.sources

    def terms(self, day: date, customer: str) -> Terms | None:
        """The contracts in force at the end of ``day``."""
        return self.contracts.at(customer, self.end(day))

    def account(self, day: date, customer: str) -> Account:
        """What was so on ``day``; before the first row, what that one says."""
        return self.accounts.on(day, customer)

    def customers(self, day: date) -> list[str]:
        """Who has a contract in force; as long as no contract is known of anybody, who is active or has an account."""
        if self.contracted:
            return [name for name in self.contracts.accounts() if self.terms(day, name) is not None]
        return sorted({name for asked, name in self.active if asked == day} | self.accounts.names())

    def strangers(self, day: date) -> int:
        """How many customers were active without a contract in force."""
        if not self.contracted:
            return 0
        return sum(asked == day and self.terms(day, name) is None for asked, name in self.active)

    def age(self, day: date, customer: str) -> int | None:
        """Whole days since the first contract began; None without one."""
        began = self.contracts.began(customer)
        return None if began is None else max(0, (day - began.astimezone(self.zone).date()).days)

    def connected(self, day: date) -> frozenset[Component]:
        """The components of which anything was known of anybody by then."""
        since = {name: first <= day for name, first in self.sources.items()}
        core = any(feature.core for feature in self.product.features.values())
        found: dict[Component, bool] = {
            "usage": since.get("people", False) and since.get("seats", False),
            "satisfaction": since.get("feedback", False) or since.get("answers", False),
            "adoption": since.get("features", False) and (core or since.get("bought", False)),
            "support": since.get("tickets", False),
        }
        return frozenset(name for name, known in found.items() if known)

    def evidence(self, day: date, customer: str) -> Evidence:
        """What the score of the customer on the day rests on."""
        terms = self.terms(day, customer)
        answers = self.answers.get((day, customer), {})
        return Evidence(
            active=self.active.get((day, customer), 0),
            seats=terms.seats if terms else None,
            used=self.features.get((day, customer), frozenset()),
            bought=self.bought(terms, customer),
            csat=answers.get("csat"),
            nps=answers.get("nps"),
            tickets=self.tickets.get((day, customer), Tickets()),
            connected=self.connected(day),
            tickets_known=self.sources.get("tickets now", day + DAY) <= day,
        )

    def bought(self, terms: Terms | None, customer: str) -> frozenset[str] | None:
        """The features that its contracts name, else the core features that it is entitled to."""
        if terms is not None and terms.bought:
            return terms.bought
        core = (feature for feature in self.product.features.values() if feature.core)
        return frozenset(one.id for one in core if not one.customers or customer in one.customers) or None


class Sources:
    """Asks the store: people from the daily tables, answers from events and facts, everything else from facts."""

    def __init__(
        self, days: Days, readers: Readers, facts: Facts, product: Product, how: Business = Business()
    ) -> None:
        self.days = days
        self.facts = facts
        self.product = product
        self.how = how
        self._readers = readers
        self._features = daily(product)
        self._answers = answer_days(product)

    async def signals(self, days: Sequence[date], customer: str = "", known: date | None = None) -> Signals:
        """What is known of the customer ('' = of all) on each day, facts as they were known at the end of ``known``."""
        days = sorted(set(days))
        zone = self.days.zone
        dates = Dates(days[0] - DAY * (WINDOW - 1), days[-1])
        own: dict[str, Param] = {"customer": customer, "days": [day.isoformat() for day in days]}
        (people, used), told = await asyncio.gather(
            asyncio.gather(
                self._daily("people", PEOPLE, "customer_people", dates, own),
                self._daily("used", self._features, "customer_features", dates, own),
            ),
            asyncio.gather(
                self.facts.rows("customer_tickets", known, **own, **self._moments(days, WINDOW)),
                self._answered(days, own, known),
                self.contracts(customer, known),
                self.facts.rows("accounts", known, customer=customer),
                self.facts.rows("rates", known),
                self.facts.rows("customer_sources", known, zone=zone.key, known_until=self._until(known)),
            ),
        )
        tickets, (answers, behind), held, accounts, rates, sources = told
        seen = {row["source"]: numbered(row["first"]) for row in sources if row["first"] is not None}
        for name, (rows, _) in (("people", people), ("features", used)):
            if first := min((row["day"] for row in rows), default=None):
                seen[name] = min(first, seen.get(name, first))
        return Signals(
            zone=zone,
            days=days,
            active={(row["day"], row["customer"]): row["active"] for row in people[0]},
            features={(row["day"], row["customer"]): frozenset(row["features"]) for row in used[0]},
            tickets={(row["asked"], row["customer"]): _tickets(row) for row in tickets},
            answers=_answers(answers),
            contracts=held,
            accounts=Accounts(accounts),
            rates=Rates(self.facts.currency, rates),
            sources=seen,
            product=self.product,
            late=sorted({*people[1], *used[1], *behind}),
        )

    async def contracts(self, customer: str = "", known: date | None = None) -> Contracts:
        """The contracts of the customer ('' = of all), as they were known at the end of ``known``."""
        now = self.days.now() if known is None else min(self.days.now(), self._until(known))
        return await contracts(self.facts, self.how.retention, now, customer, known)

    async def _answered(
        self, days: Sequence[date], own: Mapping[str, Param], known: date | None
    ) -> tuple[list[dict[str, Any]], list[date]]:
        """All answers there ever were, for whether one counts depends on those before it."""
        first = min(await self.days.first() or days[-1], days[-1])
        rows = await self.days.rows(self._answers, Dates(first, days[-1]))
        asked = {**rows.params, **own, **self._moments(days, ANSWERED), "only": ""}
        stamp: dict[str, Param] = {"stamp": self.days.past} if rows.lasting else {}
        return await self.facts.ask(over("app", rows.sql, "customer_answers"), known, **asked, **stamp), rows.late

    async def _daily(
        self, name: str, table: Daily, query: str, dates: Dates, own: Mapping[str, Param]
    ) -> tuple[list[dict[str, Any]], list[date]]:
        rows = await self.days.rows(table, dates)
        found = await self._readers.rows(over(name, rows.sql, query), {**rows.params, **own}, lasting=rows.lasting)
        return found.to_pylist(), rows.late

    def _moments(self, days: Sequence[date], window: int) -> dict[str, Param]:
        zone = self.days.zone
        return {
            "untils": [_ms(begin(day + DAY, zone)) for day in days],
            "sinces": [_ms(begin(day - DAY * (window - 1), zone)) for day in days],
        }

    def _until(self, known: date | None) -> datetime:
        return _FOREVER if known is None else begin(known + DAY, self.days.zone)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _tickets(row: Row) -> Tickets:
    return Tickets(*(int(row[name]) for name in Tickets._fields))


def _answers(rows: Sequence[Row]) -> dict[tuple[date, str], dict[str, Answers]]:
    found: dict[tuple[date, str], dict[str, Answers]] = {}
    for row in rows:
        low_at = moment_of(row["low_at"]) if row["low_at"] else None
        one = Answers(row["n"], row["total"], bool(row["stale"]), row["low"], low_at)
        found.setdefault((row["asked"], row["customer"]), {})[row["scale"]] = one
    return found
