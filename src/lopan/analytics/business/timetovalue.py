"""Time to value: from the start of an account to the first week in which its people used what it was bought for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from lopan.analytics.business.accounts import Account, Accounts
from lopan.analytics.business.contracts import Contracts, contracts
from lopan.analytics.business.survival import Step, Wait, survival
from lopan.analytics.calendar import DAY, Dates, begin, local
from lopan.analytics.daily import PEOPLE, over, statement
from lopan.analytics.days import Days
from lopan.analytics.facts import Facts
from lopan.analytics.workflows import finals
from lopan.catalog.business import Business
from lopan.catalog.product import Product, Workflow
from lopan.catalog.workdays import number
from lopan.errors import ConfigError
from lopan.store import Param, Readers

MARKS: Final = (30, 60, 90)
"""Days after the start at which the share that got there is told."""
LEAST: Final = 10
"""Accounts below which a figure is greyed."""
SETTLED: Final = 28
"""Who is first seen so many days or less after usage was recorded may have been there before."""

State = Literal["reached", "waiting", "left", "early", "not begun"]
AXES: Final = ("quarter", "segment", "region")
_INSTANT = timedelta(milliseconds=1)


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """One account on its way to its first value, as of a day.

    ``began`` is the day the clock starts, None where it hasn't. ``reached`` is the day of the last run that was needed.
    ``days`` from ``began`` to ``reached``, else to the day it was last looked at: that day, or the last of its contract
    (``left``). ``early``: it began before usage was recorded, so nobody knows when it got there.
    """

    account: str
    state: State
    began: date | None
    reached: date | None = None
    days: int | None = None

    @property
    def followed(self) -> bool:
        """Whether it takes part in the estimate."""
        return self.state in ("reached", "waiting", "left")

    @property
    def quarter(self) -> str:
        """``2026-Q4``, of the start."""
        return f"{self.began.year}-Q{(self.began.month + 2) // 3}" if self.began else ""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The share (0 to 1) that had reached value by ``day`` with its 95 % bounds; None = nobody was followed that long.

    ``at_risk`` accounts were looked at on that day and had not reached it before.
    """

    day: int
    share: float | None
    low: float | None
    high: float | None
    at_risk: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts together ("" = all): ``n`` = ``reached`` + ``waiting`` + ``left``, the last two of which are censored.

    ``median`` days by Kaplan and Meier with its 95 % bounds, None while less than half are known to have got there.
    ``followed``: the longest that anybody was looked at. ``enough`` accounts to rely on.
    """

    key: str
    n: int
    reached: int
    waiting: int
    left: int
    median: int | None
    median_low: int | None
    median_high: int | None
    followed: int
    enough: bool
    marks: list[Mark]
    steps: list[Step]

    def mark(self, day: int) -> Mark:
        """One of ``MARKS``."""
        return next(one for one in self.marks if one.day == day)


class TimeToValue(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts that began in ``dates``, as of ``day``; ``recorded``: since when usage is known, None = not at all.

    ``early`` accounts began before that and are left out. ``journeys``: every one with the account as it is on ``day``.
    """

    dates: Dates
    day: date
    recorded: date | None
    definition: str
    by: str
    whole: Group
    groups: list[Group]
    early: int
    journeys: list[tuple[Journey, Account]]

    @property
    def waiting(self) -> list[tuple[Journey, Account]]:
        """Those still on their way, the longest first."""
        found = [pair for pair in self.journeys if pair[0].state == "waiting"]
        return sorted(found, key=lambda pair: (-(pair[0].days or 0), pair[0].account))


class _Path(NamedTuple):
    """What is known of one account by the last day asked for; ``left``: the last day of its contract."""

    account: str
    began: date | None
    early: bool = False
    reached: date | None = None
    left: date | None = None

    def on(self, day: date) -> Journey:
        """How far it was at the end of ``day``."""
        if self.began is None or self.began > day:
            return Journey(account=self.account, state="not begun", began=None)
        if self.early:
            return Journey(account=self.account, state="early", began=self.began)
        left = self.left if self.left is not None and self.left <= day else None
        if self.reached is not None and self.reached <= (left or day):
            days = (self.reached - self.began).days
            return Journey(account=self.account, state="reached", began=self.began, reached=self.reached, days=days)
        days = ((left or day) - self.began).days
        return Journey(account=self.account, state="left" if left else "waiting", began=self.began, days=days)


class Paths(NamedTuple):
    """What is known of many accounts; ask it for any day up to the one it was made for."""

    recorded: date | None
    paths: Sequence[_Path]
    accounts: Accounts

    def on(self, day: date) -> dict[str, Journey]:
        """Every account at the end of ``day``."""
        return {path.account: path.on(day) for path in self.paths}


class TimesToValue:
    """Answers from contracts, accounts and raw workflow events, by the settings ``[value]`` of lopan.d/business.

    Raises ConfigError where these name a workflow that is not defined.
    """

    def __init__(self, days: Days, readers: Readers, facts: Facts, product: Product, how: Business) -> None:
        self._days, self._readers, self._facts = days, readers, facts
        self._how, self._value = how.retention, how.value
        self.workflows = chosen(product, how)
        self._first: tuple[tuple[date, int], date] | None = None
        self.definition = definition(how, self.workflows)

    def day(self, asked: date | None = None) -> date:
        """The day as of which it is asked: it is over, so that all of its runs are known."""
        last = self._days.today() - DAY
        return min(asked or last, last)

    async def report(
        self,
        dates: Dates,
        *,
        day: date | None = None,
        by: str = "",
        segment: str = "",
        region: str = "",
        known: date | None = None,
    ) -> TimeToValue:
        """Accounts that began in ``dates``, as of ``day`` (default and at most: yesterday)."""
        paths = await self.paths(self.day(day), since=dates.first, known=known)
        return self.told(paths, dates, day=day, by=by, segment=segment, region=region)

    def told(
        self,
        paths: Paths,
        dates: Dates,
        *,
        day: date | None = None,
        by: str = "",
        segment: str = "",
        region: str = "",
    ) -> TimeToValue:
        """What ``paths`` come to for accounts that began in ``dates``."""
        return report(paths, dates, self.day(day), self.definition, by=by, segment=segment, region=region)

    async def paths(
        self, day: date, *, only: Collection[str] = (), since: date | None = None, known: date | None = None
    ) -> Paths:
        """Every account, or ``only`` these, without those that began before ``since``."""
        customer = next(iter(only)) if len(only) == 1 else ""
        now = min(self._days.now(), begin(known + DAY, self._days.zone)) if known else self._days.now()
        held, rows, logins, recorded = await asyncio.gather(
            contracts(self._facts, self._how, now, customer, known),
            self._facts.rows("accounts", known, customer=customer),
            self._logins(day),
            self._recorded(),
        )
        accounts = Accounts(rows)
        names = only or held.accounts() or sorted({*logins, *accounts.names()})
        started = [self._start(name, held, logins, recorded) for name in names]
        started = [one for one in started if one.began is None or one.began >= (since or one.began)]
        begun = {one.account: one.began for one in started if one.began and not one.early and one.began <= day}
        reached = await self._reached(begun, day)
        return Paths(recorded, [one._replace(reached=reached.get(one.account)) for one in started], accounts)

    def _start(self, name: str, held: Contracts, logins: Mapping[str, date], recorded: date | None) -> _Path:
        """When the clock of an account starts and ends; ``early`` when usage was recorded later, or may have been."""
        zone = self._days.zone
        signed = held.began(name)
        contract = local(signed, zone) if signed else None
        began = logins.get(name) if self._value.begins == "login" else contract
        if began is None:
            return _Path(name, None)
        early = recorded is None or began < recorded
        if self._value.begins == "login":
            seen = min(logins.values())
            early = early or (began < seen + DAY * SETTLED if contract is None else contract < seen)
        moment = begin(began, zone) if signed is None or self._value.begins == "login" else signed
        end = held.left(name, moment)
        left = local(end - _INSTANT, zone) if end else None
        return _Path(name, began, early, None, left) if left is None or left >= began else _Path(name, None)

    async def _reached(self, starts: Mapping[str, date], day: date) -> dict[str, date]:
        if not starts or not self.workflows:
            return {}
        zone = self._days.zone
        own: dict[str, Param] = {
            "customers": list(starts),
            "sinces": [number(first) for first in starts.values()],
            "runs": self._value.runs,
            "people": self._value.people,
            "start": begin(min(starts.values()), zone),
            "end": begin(day + DAY, zone),
            "zone": zone.key,
            "workflows": [one.id for one in self.workflows],
            "keys": [str(one.key) for one in self.workflows],
            **finals(self.workflows),
        }
        over = day < self._days.today()
        found = await self._readers.rows(
            statement("customer_value"), {**own, "stamp": self._days.past} if over else own, lasting=over
        )
        return {row["customer"]: row["reached"] for row in found.to_pylist()}

    async def _recorded(self) -> date | None:
        """The day of the first workflow event; asked again when events of days that are over come, and every day."""
        today = self._days.today()
        state = (today, self._days.past)
        if self._first is None or self._first[0] != state:
            own: dict[str, Param] = {"workflows": [one.id for one in self.workflows], "zone": self._days.zone.key}
            found = (await self._readers.rows(statement("value_recorded"), own)).to_pylist()
            first: date | None = found[0]["first"] if found else None
            if first is None or first >= today:
                return first
            self._first = state, first
        return self._first[1]

    async def _logins(self, day: date) -> dict[str, date]:
        """The first day on which each customer was active; only where it is needed."""
        if self._value.begins != "login":
            return {}
        first = await self._days.first()
        if first is None or first > day:
            return {}
        rows = await self._days.rows(PEOPLE, Dates(first, day))
        found = await self._readers.rows(over("people", rows.sql, "customer_logins"), rows.params)
        return {row["customer"]: row["first"] for row in found.to_pylist()}


def chosen(product: Product, how: Business) -> list[Workflow]:
    """The workflows that count: those named, else all; raises ConfigError for one that is not defined."""
    for name in how.value.workflows:
        if name not in product.workflows:
            known = ", ".join(product.workflows) or "none"
            raise ConfigError(f"lopan.d/business: [value] workflows: no workflow is called {name!r}; there are {known}")
    named = how.value.workflows or tuple(product.workflows)
    return [product.workflows[name] for name in named]


def definition(how: Business, workflows: Sequence[Workflow]) -> str:
    """The definition in one line."""
    value = how.value
    start = "first contract" if value.begins == "contract" else "first login"
    people = "1 person" if value.people == 1 else f"{value.people} people"
    runs = "a run" if value.runs == 1 else f"{value.runs} runs"
    named = ", ".join(one.id for one in workflows) or "workflows, of which none is defined"
    return (
        f"days from the {start} to the day by which {people} had completed {runs} of {named} within one ISO week; "
        "Kaplan-Meier over all accounts, those who are not there yet censored on the last day that is over, or on the "
        "last day of their contract"
    )


def report(
    paths: Paths,
    dates: Dates,
    day: date,
    told: str,
    *,
    by: str = "",
    segment: str = "",
    region: str = "",
) -> TimeToValue:
    """What ``paths`` come to for those that began in ``dates``, as of ``day``; accounts are as they are on ``day``."""
    pairs = [(journey, paths.accounts.on(day, name)) for name, journey in paths.on(day).items()]
    inside = [
        (journey, account)
        for journey, account in pairs
        if journey.began is not None
        and dates.first <= journey.began <= dates.last
        and segment in ("", account.segment)
        and region in ("", account.region)
    ]
    parts: dict[str, list[Journey]] = {}
    for journey, account in inside if by else ():
        if journey.followed:
            parts.setdefault(journey.quarter if by == "quarter" else getattr(account, by), []).append(journey)
    groups = [group(key, part) for key, part in parts.items()]
    return TimeToValue(
        dates=dates,
        day=day,
        recorded=paths.recorded,
        definition=told,
        by=by,
        whole=group("", (journey for journey, _ in inside)),
        groups=sorted(groups, key=lambda one: one.key if by == "quarter" else (-one.n, one.key)),
        early=sum(journey.state == "early" for journey, _ in inside),
        journeys=inside,
    )


def group(key: str, journeys: Iterable[Journey]) -> Group:
    """The estimate over those that are followed."""
    known = [one for one in journeys if one.followed]
    waits = [Wait(one.days or 0, one.state == "reached") for one in known]
    found = survival(waits)
    marks = []
    for day in MARKS:
        step = found.by(day)
        share, low, high = (step.share, step.low, step.high) if step else (None, None, None)
        at_risk = sum(wait.days >= day for wait in waits)
        marks.append(Mark(day=day, share=share, low=low, high=high, at_risk=at_risk))
    states = [one.state for one in known]
    return Group(
        key=key,
        n=found.n,
        reached=found.reached,
        waiting=states.count("waiting"),
        left=states.count("left"),
        median=found.median,
        median_low=found.median_low,
        median_high=found.median_high,
        followed=max((wait.days for wait in waits), default=0),
        enough=found.n >= LEAST,
        marks=marks,
        steps=found.steps,
    )
