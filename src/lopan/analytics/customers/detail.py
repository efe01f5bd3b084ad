"""One customer: the parts of its score, its course, what happened there, and how far it is by each success metric."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from lopan.analytics import workflows
from lopan.analytics.business.contracts import moment_of
from lopan.analytics.calendar import DAY, Dates, begin, monday
from lopan.analytics.customers import book, words
from lopan.analytics.customers.book import Books, Entry, Start
from lopan.analytics.customers.signals import WINDOW, Signals
from lopan.analytics.daily import PEOPLE, Daily, over
from lopan.catalog.health import COMPONENTS, Component, Profile
from lopan.store import Param, Readers

WEEKS: Final = 26
MOST: Final = 300
"""Lines of a timeline."""

Kind = Literal["ticket", "answer", "delivery", "crash", "contract"]
Row = Mapping[str, Any]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A component in words: what is known ``now``, what was 28 days before, and the evidence line by line."""

    component: Component
    now: str
    moved: str
    rows: list[tuple[str, str]]


class Success(msgspec.Struct, frozen=True, kw_only=True):
    """A success metric with its numerator and denominator; ``value`` None = nothing to divide by."""

    id: str
    title: str
    value: float | None
    unit: str
    part: float
    whole: float
    definition: str


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Active people of an ISO week by its Monday; ``partial`` = not over on the day of the score."""

    week: date
    active: int
    partial: bool


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline; ``bad`` is what speaks against staying."""

    at: datetime
    kind: Kind
    text: str
    bad: bool


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """All about one customer on ``day``. ``course``: (day, score, low, high) by week, by time.

    ``value``: how far it is from its start to its first value, whatever its age; None without a contract.
    """

    day: date
    entry: Entry
    profile: Profile
    told: list[Told]
    success: list[Success]
    value: Start | None
    course: list[tuple[date, float | None, float, float]]
    weeks: list[Week]
    timeline: list[Happening]


class Details:
    """Asks for one customer; ``books`` scores it as the list does."""

    def __init__(self, books: Books, readers: Readers) -> None:
        self._books = books
        self._sources = books.sources
        self._readers = readers
        self._runs = workflows.daily(books.sources.product)

    async def detail(self, customer: str, day: date | None = None) -> Detail | None:
        """The customer on ``day``; None for one who has no contract in force then."""
        day = self._books.day(day)
        signals = await self._sources.signals(book.grid(day, WEEKS), customer)
        history = book.healths(signals, self._books.judging, customer)
        if not history or history[-1][0] != day or customer not in signals.customers(day):
            return None
        values, weeks, success, timeline = await asyncio.gather(
            self._books.values(day, customer),
            self._weeks(customer, day),
            self._success(signals, customer, day),
            self._timeline(customer, day),
        )
        entry = book.entry(signals, self._books.judging, customer, day, values)
        return Detail(
            day=day,
            entry=entry,
            profile=self._books.judging.profiles[entry.health.profile],
            told=_told(signals, entry, customer, day),
            success=success,
            value=book.start(signals, customer, day, values),
            course=[(one, told.score, told.low, told.high) for one, told in history],
            weeks=weeks,
            timeline=timeline,
        )

    async def _weeks(self, customer: str, day: date) -> list[Week]:
        first = monday(day) - timedelta(weeks=WEEKS - 1)
        rows = await self._daily("people", PEOPLE, "customer_weeks", Dates(first, day), {"customer": customer})
        active = {row["week"]: row["active"] for row in rows}
        mondays = (first + timedelta(weeks=index) for index in range(WEEKS))
        return [Week(week=one, active=active.get(one, 0), partial=one + DAY * 6 > day) for one in mondays]

    async def _success(self, signals: Signals, customer: str, day: date) -> list[Success]:
        evidence = signals.evidence(day, customer)
        wide, window = Dates(day - DAY * (2 * WINDOW - 1), day), Dates(day - DAY * (WINDOW - 1), day)
        (kept,), (runs,) = await asyncio.gather(
            self._daily("people", PEOPLE, "customer_retention", wide, {"customer": customer, "last": day}),
            self._daily("runs", self._runs, "customer_workflows", window, {"customer": customer}),
        )
        csat = evidence.csat if evidence.csat and not evidence.csat.stale else None
        bought = evidence.bought or frozenset()
        return [
            _success("adoption_rate", "Adoption", len(evidence.used & bought), len(bought), "%",
                     "100 x core features used within 28 days / core features bought"),
            _success("satisfaction", "Satisfaction", csat.total if csat else 0, csat.n if csat else 0, "of 5",
                     "sum of CSAT scores / answers of 90 days, one of a person"),
            _success("retention", "Retention", kept["back"], kept["base"], "%",
                     "100 x active again within 28 days / active in the 28 days before"),
            _success("tickets_per_user", "Tickets per user", evidence.tickets.opened, evidence.active, "",
                     "tickets opened within 28 days / people active in them"),
            _success("workflow_completion", "Workflow completion", runs["completed"], runs["started"], "%",
                     "100 x runs completed / runs begun within 28 days and older than their window"),
        ]  # fmt: skip

    async def _timeline(self, customer: str, day: date) -> list[Happening]:
        zone = self._sources.days.zone
        start, end = begin(monday(day) - timedelta(weeks=WEEKS - 1), zone), begin(day + DAY, zone)
        surveys = self._sources.product.surveys.values()
        facts = self._sources.facts
        rows, changes = await asyncio.gather(
            facts.rows(
                "customer_timeline",
                customer=customer,
                start=start,
                end=end,
                zone=zone.key,
                most=MOST,
                surveys=[one.id for one in surveys],
                scales=[str(one.scale) for one in surveys],
            ),
            facts.rows("contract_changes", customer=customer),
        )
        found = [_happening(row) for row in rows]
        for row in changes:
            found += [one for one in _contract(row) if start <= one.at < end]
        return sorted(found, key=lambda one: (one.at, one.kind, one.text), reverse=True)

    async def _daily(
        self, name: str, table: Daily, query: str, dates: Dates, own: Mapping[str, Param]
    ) -> list[dict[str, Any]]:
        rows = await self._sources.days.rows(table, dates)
        found = await self._readers.rows(over(name, rows.sql, query), {**rows.params, **own})
        return list(found.to_pylist())


def _told(signals: Signals, entry: Entry, customer: str, day: date) -> list[Told]:
    now, then = signals.evidence(day, customer), signals.evidence(day - DAY * book.BACK, customer)
    shifts = {shift.component: shift for shift in entry.change.shifts} if entry.change else {}
    return [
        Told(
            component=name,
            now=words.told(name, now),
            moved=words.moved(shifts[name], then, now) if name in shifts else "",
            rows=words.rows(name, now) if name in now.connected else [],
        )
        for name in COMPONENTS
    ]


def _success(name: str, title: str, part: float, whole: float, unit: str, definition: str) -> Success:
    scale = 100 if unit == "%" else 1
    value = scale * part / whole if whole else None
    return Success(id=name, title=title, value=value, unit=unit, part=part, whole=whole, definition=definition)


def _happening(row: Row) -> Happening:
    kind, n, more = row["kind"], row["n"], row["more"]
    if kind == "ticket":
        priority = f"{row['word']} ticket" if row["word"] else "ticket"
        return _line(row, f"{priority} {row['name']}, {'solved' if more else 'open'}", row["word"] == "critical")
    if kind == "answer":
        low = row["value"] <= (6 if row["word"] == "nps" else 2)
        return _line(row, f"answer {row['value']:g} of {'10' if row['word'] == 'nps' else '5'}, {row['name']}", low)
    if kind == "delivery":
        late = f", {more} late" if more else ", all on time"
        return _line(row, f"{n} deliver{'y' if n == 1 else 'ies'} promised for this week{late}", more > 0)
    people = f", {more} {'person' if more == 1 else 'people'}" if more else ""
    name = row["name"] or "crash without a name"
    return _line(row, f"{n} crash{'' if n == 1 else 'es'}{people}, mostly {name}", bad=True)


def _line(row: Row, text: str, bad: bool) -> Happening:
    return Happening(at=moment_of(row["moment"]), kind=row["kind"], text=text, bad=bad)


def _contract(row: Row) -> list[Happening]:
    what = {"new": "new contract", "renew": "renewed", "expand": "expanded", "contract": "reduced", "churn": "left"}
    change, ended = row["change"], row["ended"]
    text = what[change] if change == "churn" else f"{what.get(change, change)}, {row['seats']} seats"
    bad = change in ("contract", "churn")
    told = [Happening(at=moment_of(row["started"]), kind="contract", text=text, bad=bad)]
    if ended and change != "churn":
        told.append(Happening(at=moment_of(ended), kind="contract", text="contract ends", bad=True))
    return told
