"""The book of business: every customer with score, change and reason, revenue, renewal and what to do, worst first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from lopan.analytics.business.accounts import Account
from lopan.analytics.business.timetovalue import Journey, State, TimesToValue
from lopan.analytics.calendar import DAY, monday
from lopan.analytics.customers import advice, score, words
from lopan.analytics.customers.advice import Advice
from lopan.analytics.customers.evidence import Answers, Evidence
from lopan.analytics.customers.score import COLOURS, Change, Colour, Health
from lopan.analytics.customers.signals import Signals, Sources
from lopan.catalog.health import COMPONENTS, Component, Judging
from lopan.store import Readers

View = Literal["all", "risk", "falling", "renewals", "onboarding", "answers", "breaches", "gaps"]
BACK: Final = 28
"""Days between the two scores of a change."""
RENEWS: Final = 90
YOUNG: Final = 90
_WEEKS = 5


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How far a customer is: ``age`` in days since its first contract; ``state`` and ``days`` as of a Journey.

    ``reached`` = Monday of the week in which it got value, None = not yet, or not known.
    """

    age: int
    state: State
    days: int | None
    reached: date | None

    @property
    def words(self) -> str:
        """``value on day 12, in the week of 02 Nov``, ``no value yet, day 34``."""
        told = {
            "waiting": f"no value yet, day {self.days}",
            "left": f"left without value on day {self.days}",
            "early": "value not known: began before usage was recorded",
            "not begun": "nobody has logged in yet",
        }
        return f"value on day {self.days}, in the week of {self.reached:%d %b}" if self.reached else told[self.state]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One customer. ``mrr`` in the reporting currency a month, None = unknown, a rate is missing or not to be seen.

    ``change`` against 28 days before, None = no score then; ``reason`` in words. ``lapsed``: the day on which its last
    contract ended, where the time for a renewal has not passed yet. ``waiting``: low answers that came
    after the last contact, the last one at ``waiting_since``. ``unused``: core features bought and not used. ``start``
    of those younger than 90 days. ``course``: (day, score) of some days, by time.
    """

    id: str
    account: Account
    health: Health
    change: Change | None
    reason: str
    mrr: float | None
    renews: date | None
    lapsed: date | None
    waiting: int
    waiting_since: date | None
    breaches: int
    unused: list[str]
    start: Start | None
    advice: list[Advice]
    course: list[tuple[date, float | None]]

    @property
    def name(self) -> str:
        """As people call it."""
        return self.account.name or self.id


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries together. ``mrr`` of those where it is known, ``unpriced`` are the others; ``at_risk``: MRR of those
    at risk. ``drops``: falling ones by the component that fell most, the most frequent first.
    """

    accounts: int
    mrr: float | None
    unpriced: int
    at_risk: float | None
    falling: int
    drops: list[tuple[Component, int]]
    colours: dict[Colour, int]


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """All customers of ``day``, the most urgent first: by colour, then by what is most likely to be lost.

    ``strangers`` are active customers without a contract; ``missing`` are components whose source isn't connected.
    """

    day: date
    before: date
    currency: str
    entries: list[Entry]
    strangers: int
    missing: list[Component]
    late: list[date]


VIEWS: Final[Mapping[View, tuple[str, Callable[[Entry, date], bool]]]] = {
    "all": ("All customers", lambda entry, day: True),
    "risk": ("At risk", lambda entry, day: entry.health.colour == "at risk"),
    "falling": ("Falling", lambda entry, day: entry.change is not None and entry.change.going == "worsening"),
    "renewals": ("Renewals in 90 days", lambda entry, day: soon(entry, day)),
    "onboarding": ("Onboarding", lambda entry, day: entry.start is not None),
    "answers": ("Low answers waiting", lambda entry, day: entry.waiting > 0),
    "breaches": ("Support breaches", lambda entry, day: entry.breaches > 0),
    "gaps": ("Adoption gaps", lambda entry, day: bool(entry.unused)),
}
"""What the list can be narrowed to: the title, and whether an entry of a day belongs to it."""


class Books:
    """Scores of every customer from ``sources`` by the profiles of ``judging``."""

    def __init__(self, sources: Sources, readers: Readers, judging: Judging) -> None:
        self.sources = sources
        self.judging = judging
        self.times = TimesToValue(sources.days, readers, sources.facts, sources.product, sources.how)
        self._judged: tuple[object, list[Entry]] | None = None

    def day(self, asked: date | None = None) -> date:
        """The day a score is of: it is over, so a score does not move while it is looked at."""
        last = self.sources.days.today() - DAY
        return min(asked or last, last)

    async def book(self, day: date | None = None, known: date | None = None) -> Book:
        """Every customer on ``day`` (default and at most: yesterday); ``known``: only facts known on that day."""
        day = self.day(day)
        days = grid(day)
        signals, values = await asyncio.gather(self.sources.signals(days, known=known), self.values(day, known=known))
        judged = (day, signals, values)
        if self._judged is None or self._judged[0] != judged:
            self._judged = judged, await asyncio.to_thread(_entries, signals, self.judging, day, values)
        connected = signals.connected(day)
        return Book(
            day=day,
            before=day - DAY * BACK,
            currency=signals.rates.reporting,
            entries=self._judged[1],
            strangers=signals.strangers(day),
            missing=[name for name in COMPONENTS if name not in connected],
            late=list(signals.late),
        )

    async def values(self, day: date, customer: str = "", known: date | None = None) -> dict[str, Journey]:
        """How far the customer is to its first value, at any age; without one, all that are young on ``day``."""
        first = day - DAY * YOUNG if self.sources.how.value.begins == "contract" and not customer else None
        only = [customer] if customer else []
        return (await self.times.paths(day, only=only, since=first, known=known)).on(day)


def grid(day: date, weeks: int = _WEEKS) -> list[date]:
    """The day, 28 days before it and the ends of the weeks before it: days that stay while time goes on."""
    sunday = monday(day) - DAY
    return sorted({day, day - DAY * BACK, *(sunday - timedelta(weeks=back) for back in range(weeks))})


def healths(signals: Signals, judging: Judging, customer: str) -> list[tuple[date, Health]]:
    """The score of each day on which it was a customer, by time."""
    found = []
    for day in signals.days:
        if not signals.contracted or signals.terms(day, customer) is not None:
            profile = judging.profile(signals.account(day, customer).segment, signals.age(day, customer))
            found.append((day, score.health(signals.evidence(day, customer), profile)))
    return found


def _entries(signals: Signals, judging: Judging, day: date, values: Mapping[str, Journey]) -> list[Entry]:
    """A third of a millisecond each, several days of scores: too long for the event loop where customers are many."""
    return sorted((entry(signals, judging, name, day, values) for name in signals.customers(day)), key=urgency)


def entry(signals: Signals, judging: Judging, customer: str, day: date, values: Mapping[str, Journey]) -> Entry:
    """One line of the book."""
    history = [one for one in healths(signals, judging, customer) if one[0] <= day]
    known = dict(history)
    health, then = known[day], known.get(day - DAY * BACK)
    evidence, account = signals.evidence(day, customer), signals.account(day, customer)
    moved = score.change(then, health)
    terms, begun = signals.terms(day, customer), start(signals, customer, day, values)
    mrr = terms.mrr(signals.rates, day) if terms else None
    waiting, since = _waiting(evidence, account, signals, day)
    return Entry(
        id=customer,
        account=account,
        health=health,
        change=moved,
        reason=words.reason(moved, signals.evidence(day - DAY * BACK, customer), evidence) if moved else "",
        mrr=None if mrr is None else float(round(mrr, 4)),
        renews=terms.renews if terms else None,
        lapsed=terms.lapsed if terms else None,
        waiting=waiting,
        waiting_since=since,
        breaches=evidence.tickets.breaches,
        unused=sorted((evidence.bought or frozenset()) - evidence.used) if "adoption" in evidence.connected else [],
        start=begun if begun and begun.age < YOUNG else None,
        advice=advice.advise(judging, evidence, history, account.owner),
        course=[(one, told.score) for one, told in history],
    )


def start(signals: Signals, customer: str, day: date, values: Mapping[str, Journey]) -> Start | None:
    """How far it is to its first value; None without a contract, and where ``values`` does not hold it."""
    age, journey = signals.age(day, customer), values.get(customer)
    if age is None or journey is None:
        return None
    week = monday(journey.reached) if journey.reached else None
    return Start(age=age, state=journey.state, days=journey.days, reached=week)


def _waiting(evidence: Evidence, account: Account, signals: Signals, day: date) -> tuple[int, date | None]:
    """Low answers of the 90 days whose last one came on or after the day of the last contact."""
    low = 0
    since: date | None = None
    for one in (evidence.csat, evidence.nps):
        if isinstance(one, Answers) and not one.stale and one.low and one.low_at:
            at = one.low_at.astimezone(signals.zone).date()
            if account.last_contact is None or account.last_contact < at:
                low, since = low + one.low, max(at, since or at)
    return low, since


def soon(one: Entry, day: date) -> bool:
    """Whether it renews within 90 days."""
    return one.renews is not None and one.renews <= day + DAY * RENEWS


def exposed(one: Entry) -> float:
    """MRR x (100 - score) %: what is most likely to be lost; without an MRR, the points that are missing."""
    missing = 100 - (one.health.score or 0.0)
    return (one.mrr if one.mrr is not None else 1.0) * missing / 100


def urgency(one: Entry) -> tuple[int, float, float, str]:
    """Sorts the most urgent first: by colour, by what is exposed, by score."""
    return COLOURS.index(one.health.colour), -exposed(one), one.health.score or 0.0, one.id


def summary(entries: Sequence[Entry]) -> Summary:
    """Some entries together."""
    falling = [one.change.shifts[0].component for one in entries if one.change and one.change.going == "worsening"]
    drops = {name: falling.count(name) for name in COMPONENTS}
    colours = [one.health.colour for one in entries]
    return Summary(
        accounts=len(entries),
        mrr=_total(entries),
        unpriced=sum(one.mrr is None for one in entries),
        at_risk=_total([one for one in entries if one.health.colour == "at risk"]),
        falling=len(falling),
        drops=sorted(((name, count) for name, count in drops.items() if count), key=lambda one: -one[1]),
        colours={name: colours.count(name) for name in COLOURS},
    )


def _total(entries: Sequence[Entry]) -> float | None:
    known = [Decimal(repr(one.mrr)) for one in entries if one.mrr is not None]
    return float(sum(known, Decimal(0))) if known or not entries else None
