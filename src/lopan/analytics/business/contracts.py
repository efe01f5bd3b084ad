"""Contracts over time: what was in force at a moment, since when somebody is a customer, and when they left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from lopan.analytics.business.rates import Rates
from lopan.analytics.facts import Facts
from lopan.catalog.business import Retention
from lopan.store.base import Param

DAY_MS: Final = 86_400_000
_FOREVER: Final = 4_102_444_800_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Span(NamedTuple):
    """What one contract gave and paid from ``begun`` until ``over``.

    ``until`` is later where the account's next contract follows within the days of grace, or may still follow
    (``waiting``). ``ends`` is the end that is known of by now, None where there is none.
    """

    begun: datetime
    over: datetime
    until: datetime
    waiting: bool
    ends: datetime | None
    renews: date | None
    seats: int
    mrr: Decimal
    currency: str
    features: frozenset[str]


class Terms(NamedTuple):
    """All contracts of an account in force at a moment; ``amounts``: (money a month, currency) of each.

    ``bought`` None = no contract names features; ``renews`` is the next renewal, or the end of one that ends.
    ``lapsed``: when the last of them ended, where none has followed and one still may.
    """

    seats: int
    bought: frozenset[str] | None
    amounts: tuple[tuple[Decimal, str], ...]
    renews: date | None
    lapsed: date | None
    since: datetime

    def mrr(self, rates: Rates, day: date) -> Decimal | None:
        """Money a month at the rates of ``day``; None where one is missing."""
        told = [rates.convert(amount, currency, day) for amount, currency in self.amounts]
        known = [one for one in told if one is not None]
        return sum(known, Decimal(0)) if len(known) == len(told) else None


class Contracts:
    """Every contract of every account; ``rows`` are those of ``customer_contracts.sql``."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._spans: dict[str, list[Span]] = {}
        for row in rows:
            self._spans.setdefault(row["account"], []).append(_span(row))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contracts) and self._spans == other._spans

    def accounts(self) -> list[str]:
        """Every account that ever had a contract."""
        return sorted(self._spans)

    def began(self, account: str) -> datetime | None:
        """The begin of its first contract."""
        return min((span.begun for span in self._spans.get(account, ())), default=None)

    def left(self, account: str, moment: datetime) -> datetime | None:
        """The end of the time without a break in which ``moment`` lies; None while it goes on.

        Where no contract is in force at ``moment``, the end of the first time after it.
        """
        spans = sorted((span.begun, span.until, span.over) for span in self._spans.get(account, ()))
        until = over = None
        for begun, reach, end in spans:
            if reach <= moment:
                continue
            if until is not None and begun > until:
                break
            until, over = max(until or reach, reach), max(over or end, end)
        waits = any(span.waiting and span.until == until for span in self._spans.get(account, ()))
        return None if over is None or waits or over >= moment_of(_FOREVER) else over

    def at(self, account: str, moment: datetime) -> Terms | None:
        """What is in force just before ``moment``; None = it is no customer then."""
        held = [span for span in self._spans.get(account, ()) if span.begun < moment <= span.until]
        began = self.began(account)
        if not held or began is None:
            return None
        bought = frozenset().union(*(span.features for span in held))
        lapsed = all(span.waiting and span.over < moment for span in held)
        renewals = [day for span in held if (day := span.renews or (span.ends.date() if span.ends else None))]
        ended = max(span.over for span in held).date() if lapsed else None
        return Terms(
            seats=sum(span.seats for span in held),
            bought=bought or None,
            amounts=tuple((span.mrr, span.currency) for span in held),
            renews=ended or min((day for day in renewals if day >= moment.date() - timedelta(days=1)), default=None),
            lapsed=ended,
            since=began,
        )


async def contracts(
    facts: Facts, how: Retention, now: datetime, customer: str = "", known: date | None = None
) -> Contracts:
    """The contracts of ``customer`` ('' = of all) by the grace of ``how``, as known now or at the end of ``known``."""
    asked: dict[str, Param] = {"customer": customer, **grace(how, now)}
    return Contracts(await facts.rows("customer_contracts", known, **asked))


def grace(how: Retention, now: datetime) -> dict[str, int]:
    """What ``contract_spans.sql`` takes."""
    return {"grace": how.grace_days * DAY_MS, "now": milliseconds(now)}


def _span(row: Mapping[str, Any]) -> Span:
    words = (word.strip() for word in row["features"].split(","))
    return Span(
        begun=moment_of(row["begun"]),
        over=moment_of(row["over"]),
        until=moment_of(row["until"]),
        waiting=bool(row["waiting"]),
        ends=None if row["ends"] >= _FOREVER else moment_of(row["ends"]),
        renews=row["renews"],
        seats=row["seats"],
        mrr=row["mrr"],
        currency=row["currency"],
        features=frozenset(word for word in words if word),
    )


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1_000)


def moment_of(milliseconds: int) -> datetime:
    """From milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
