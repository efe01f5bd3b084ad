"""Contracts over time: what was in force at a moment, since when somebody is a customer, and when they left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from lopan.analytics.customers.rates import Rates

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Step(NamedTuple):
    """One change of one contract, which holds until ``ended`` or the next one."""

    contract: str
    started: datetime
    ended: datetime | None
    renews: date | None
    change: str
    seats: int
    mrr: Decimal
    currency: str
    features: frozenset[str]


class Terms(NamedTuple):
    """All contracts of an account in force at a moment; ``amounts``: (money a month, currency) of each.

    ``bought`` None = no contract names features; ``renews`` is the next renewal, or the end of one that ends.
    """

    seats: int
    bought: frozenset[str] | None
    amounts: tuple[tuple[Decimal, str], ...]
    renews: date | None
    since: datetime

    def mrr(self, rates: Rates, day: date) -> Decimal | None:
        """Money a month at the rates of ``day``; None where one is missing."""
        told = [rates.convert(amount, currency, day) for amount, currency in self.amounts]
        known = [one for one in told if one is not None]
        return sum(known, Decimal(0)) if len(known) == len(told) else None


class Contracts:
    """Every contract of every account; ``rows`` are those of ``contracts.sql``."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._steps: dict[str, dict[str, list[Step]]] = {}
        for row in rows:
            held = self._steps.setdefault(row["account"], {}).setdefault(row["held"], [])
            held.append(_step(row))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contracts) and self._steps == other._steps

    __hash__ = None  # type: ignore[assignment]

    def accounts(self) -> list[str]:
        """Every account that ever had a contract."""
        return sorted(self._steps)

    def steps(self, account: str) -> list[Step]:
        """Every change of the account's contracts, by time."""
        return sorted(
            (step for steps in self._steps.get(account, {}).values() for step in steps),
            key=lambda step: (step.started, step.contract),
        )

    def began(self, account: str) -> datetime | None:
        """The begin of its first contract."""
        held = self._steps.get(account, {}).values()
        return min((step.started for steps in held for step in steps), default=None)

    def at(self, account: str, moment: datetime) -> Terms | None:
        """What is in force just before ``moment``; None = it is no customer then."""
        held = [step for steps in self._steps.get(account, {}).values() if (step := _in_force(steps, moment))]
        began = self.began(account)
        if not held or began is None:
            return None
        bought = frozenset().union(*(step.features for step in held))
        renewals = [day for step in held if (day := step.renews or (step.ended.date() if step.ended else None))]
        return Terms(
            seats=sum(step.seats for step in held),
            bought=bought or None,
            amounts=tuple((step.mrr, step.currency) for step in held),
            renews=min((day for day in renewals if day >= moment.date() - timedelta(days=1)), default=None),
            since=began,
        )


def _in_force(steps: list[Step], moment: datetime) -> Step | None:
    begun = [step for step in steps if step.started < moment]
    if not begun or begun[-1].change == "churn":
        return None
    ended = begun[-1].ended
    return begun[-1] if ended is None or ended >= moment else None


def _step(row: Mapping[str, Any]) -> Step:
    words = (word.strip() for word in row["features"].split(","))
    return Step(
        contract=row["held"].partition("\n")[2],
        started=moment(row["started"]),
        ended=None if row["ended"] is None else moment(row["ended"]),
        renews=row["renews"],
        change=row["change"],
        seats=row["seats"],
        mrr=row["mrr"],
        currency=row["currency"],
        features=frozenset(word for word in words if word),
    )


def moment(milliseconds: int) -> datetime:
    """From milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
