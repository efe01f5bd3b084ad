"""What is known of customers equals what plain Python counts from the same events and facts."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.analytics.customers.town import NOW, PRODUCT, Town, ago
from tests.analytics.usage import EXAMPLES

from lopan.analytics.customers.book import Books, grid
from lopan.analytics.customers.evidence import Answers, Tickets
from lopan.analytics.customers.signals import Signals
from lopan.catalog import health as catalog
from lopan.event import Action, AppLaunch, Event, Feedback

CUSTOMERS = ("north", "south", "west")
STEPS = ("opened", "responded", "waiting", "resumed", "resolved", "reopened", "closed")
DAY = timedelta(days=1)
SCALES = {"csat": "csat"}


def visits(draw: random.Random) -> list[Event]:
    made: list[Event] = []
    for _ in range(draw.randint(0, 60)):
        who: dict[str, Any] = {
            "user": draw.choice(("a", "b", "c", "d", "")),
            "customer": draw.choice((*CUSTOMERS, "")),
            "time": ago(draw.choice((0, 1, 2, 27, 28, 29, 30, 55, 56, 57)), draw.uniform(0, 24)),
        }
        if draw.random() < 0.3:
            made.append(AppLaunch(duration_ms=1, **who))
        else:
            action = draw.choice(("complete", "open"))
            made.append(Action(feature=draw.choice(("orders", "stock", "extras")), action=action, **who))
    return made


def feedback(draw: random.Random) -> list[Feedback]:
    return [
        Feedback(
            survey=draw.choice(("csat", "other")),
            scale=draw.choice(("csat", "nps", "")),
            score=draw.randint(0, 10),
            user=draw.choice(("a", "b", "c")),
            customer=draw.choice(CUSTOMERS),
            time=ago(draw.uniform(0, 250)),
        )
        for _ in range(draw.randint(0, 30))
    ]


def responses(draw: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "survey": "yearly",
            "customer": draw.choice(CUSTOMERS),
            "user": draw.choice(("x", "y", "")),
            "scale": draw.choice(("csat", "nps", "rating")),
            "score": float(draw.randint(1, 5)),
            "at": ago(draw.uniform(0, 250)),
        }
        for _ in range(draw.randint(0, 20))
    ]


def tickets(draw: random.Random) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw.randint(0, 40)):
        at = ago(draw.uniform(0, 70))
        due = at + timedelta(hours=draw.choice((0.5, 20, 100, 300, 900))) if draw.random() < 0.8 else None
        for step in ["opened", *draw.choices(STEPS, k=draw.randint(0, 4))]:
            rows.append(
                {
                    "ticket": f"t{number}",
                    "customer": CUSTOMERS[number % 3],
                    "event": step,
                    "at": at.replace(microsecond=0),
                    "priority": draw.choice(("", "low", "critical")),
                    "due": due.replace(microsecond=0) if due and draw.random() < 0.8 else None,
                }
            )
            at += timedelta(hours=draw.choice((0, 1, 30, 400)))
    return rows


class Plain:
    """The same in plain Python."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def end(self, day: date) -> datetime:
        return datetime.combine(day + DAY, datetime.min.time(), self.zone)

    def begin(self, day: date, back: int) -> datetime:
        return datetime.combine(day - DAY * (back - 1), datetime.min.time(), self.zone)

    def active(self, events: list[Event], day: date, customer: str) -> int:
        days = {day - DAY * back for back in range(28)}
        return len({one.user for one in events if one.user and one.customer == customer and self.day(one.time) in days})

    def used(self, events: list[Event], day: date, customer: str) -> set[str]:
        days = {day - DAY * back for back in range(28)}
        return {
            one.feature
            for one in events
            if isinstance(one, Action)
            and one.user
            and one.customer == customer
            and self.day(one.time) in days
            and one.action == "complete"
        }

    def answers(self, told: list[tuple[datetime, str, str, str, float]], day: date, customer: str, scale: str) -> Any:
        kept: dict[str, list[tuple[datetime, str, float]]] = defaultdict(list)
        for at, person, whose, of, score in sorted(told):
            inside = 1 <= score <= 5 if of == "csat" else 0 <= score <= 10
            if of == scale and inside and (not kept[person] or at >= kept[person][-1][0] + 90 * DAY):
                kept[person].append((at, whose, score))
        past = sorted((at, score) for one in kept.values() for at, whose, score in one if whose == customer)
        past = [one for one in past if one[0] < self.end(day)]
        if not past:
            return None
        since, last = self.begin(day, 90), past[-1][0]
        stale = last < since
        within = [one for one in past if (one[0] > last - 90 * DAY if stale else one[0] >= since)]
        low = [at for at, score in within if (score <= 6 if scale == "nps" else score <= 2)]
        values = [score if scale == "csat" else 100 * (score >= 9) - 100 * (score <= 6) for _, score in within]
        return Answers(len(within), sum(values), stale, len(low), low[-1] if low else None)

    def tickets(self, rows: list[dict[str, Any]], day: date, customer: str) -> Tickets:
        found = Tickets()
        since, until = self.begin(day, 28), self.end(day)
        held: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            held[row["ticket"]].append(row)
        for steps in held.values():
            steps.sort(
                key=lambda row: (row["at"], STEPS.index(row["event"]), row["priority"], row["due"] or NOW - 999 * DAY)
            )
            past = [row for row in steps if row["at"] < until]
            if not past or steps[0]["customer"] != customer:
                continue
            is_open = self._open(past)
            priority = next((row["priority"] for row in reversed(past) if row["priority"]), "")
            due = next((row["due"] for row in reversed(past) if row["due"]), None)
            late = due is not None and due < until and past[0]["at"] <= due and (due >= since or is_open)
            late = late and self._open([row for row in steps if row["at"] <= due])
            found = Tickets(
                found.open + is_open,
                found.critical + (is_open and priority == "critical"),
                found.breaches + late,
                found.reopened + sum(row["event"] == "reopened" and row["at"] >= since for row in past),
                found.opened + (past[0]["at"] >= since),
                found.known + 1,
            )
        return found

    def _open(self, rows: list[dict[str, Any]]) -> bool:
        moved = [row["event"] for row in rows if row["event"] in ("resolved", "reopened", "closed")]
        return not moved or moved[-1] == "reopened"


def milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@EXAMPLES
@given(st.sampled_from(("UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")), st.integers(0, 10**9))
def test_everything_known_equals_plain_python(town: Town, zone: str, seed: int) -> None:
    draw, plain = random.Random(seed), Plain(zone)
    events, said, told, steps = visits(draw), feedback(draw), responses(draw), tickets(draw)
    town.fill([*events, *said], survey_response=told, ticket_event=steps)
    today = plain.day(NOW)
    days = sorted({today - DAY, today - DAY * 29, today - DAY * draw.randint(2, 100)})

    async def asked(on: Any) -> Signals:
        found: Signals = await on.sources.signals(days)
        return found

    found = town.ask(asked, zone, stored=draw.choice((0, 5, 15)))

    everyone = [
        (milliseconds(one.time), one.user, one.customer, one.scale or SCALES.get(one.survey, ""), one.score)
        for one in said
    ] + [
        (milliseconds(one["at"]), f"{one['customer']} {one['user']}" if one["user"] else f"#{index}", one["customer"],
         one["scale"], one["score"])
        for index, one in enumerate(told)
    ]  # fmt: skip
    for day in days:
        for customer in CUSTOMERS:
            key = day, customer
            assert found.active.get(key, 0) == plain.active([*events, *said], day, customer)
            assert found.features.get(key, frozenset()) >= plain.used(events, day, customer)
            for scale in ("csat", "nps"):
                assert found.answers.get(key, {}).get(scale) == plain.answers(everyone, day, customer, scale)
            assert found.tickets.get(key, Tickets()) == plain.tickets(steps, day, customer)


@EXAMPLES
@given(st.integers(0, 10**9))
def test_open_tickets_are_those_of_the_business_page(town: Town, seed: int) -> None:
    """Both read the same life of a ticket, whose first event may be any."""
    draw = random.Random(seed)
    rows = [row for row in tickets(draw) if row["at"] < NOW and (row["event"] != "opened" or draw.random() < 0.8)]
    town.fill(ticket_event=rows)

    async def asked(on: Any) -> Any:
        today = NOW.date()
        ages = [await on.facts.rows("ticket_ages", now=NOW, customer=customer, region="") for customer in CUSTOMERS]
        return await on.sources.signals([today]), [sum(row["tickets"] for row in each) for each in ages]

    found, counts = town.ask(asked)
    known = (found.tickets.get((NOW.date(), customer), Tickets()) for customer in CUSTOMERS)
    assert [one.open for one in known] == counts


def test_contracts_hold_until_the_next_change(town: Town) -> None:
    row = {"account": "north", "contract": "c", "mrr": Decimal(100), "currency": "USD", "seats": 10}
    town.fill(
        contract=[
            {**row, "started": ago(200), "change": "new", "features": "orders, stock", "renews": date(2026, 12, 1)},
            {**row, "started": ago(50), "change": "expand", "seats": 20, "mrr": Decimal(150)},
            {**row, "started": ago(3), "change": "churn", "seats": 0, "mrr": Decimal(0)},
            {**row, "account": "south", "started": ago(90), "ended": ago(10), "change": "new"},
        ],
        fx_rate=[
            {"day": ago(60).date(), "currency": "USD", "into": "EUR", "rate": 0.5},
            {"day": ago(20).date(), "currency": "EUR", "into": "USD", "rate": 4.0},
        ],
    )

    async def asked(on: Any) -> Signals:
        found: Signals = await on.sources.signals([ago(back).date() for back in (201, 100, 40, 19, 5, 1)])
        return found

    found = town.ask(asked)

    def mrr(back: int, customer: str = "north") -> Decimal | None:
        day = ago(back).date()
        terms = found.terms(day, customer)
        return terms.mrr(found.rates, day) if terms else None

    assert found.terms(ago(201).date(), "north") is None
    assert (mrr(100), mrr(40), mrr(19), mrr(1)) == (None, Decimal(75), Decimal("37.5"), None)
    assert found.terms(ago(100).date(), "north").bought == {"orders", "stock"}
    assert [found.customers(ago(back).date()) for back in (100, 40, 5, 1)] == [
        ["north"], ["north", "south"], ["north", "south"], ["south"]
    ]  # fmt: skip
    south = found.terms(ago(1).date(), "south")
    assert (south.lapsed, south.renews, south.seats) == (ago(10).date(), ago(10).date(), 10)


def test_undone_source_is_unknown_and_never_helps(town: Town) -> None:
    """Two open critical tickets cost points; without their batch nobody knows, and the score is not higher for that."""
    contract = {
        "account": "north",
        "contract": "c",
        "started": ago(300),
        "change": "new",
        "seats": 4,
        "mrr": Decimal(9),
    }
    seen = [Action(feature="orders", action="complete", user="a", customer="north", time=ago(3))]
    town.fill(seen, contract=[contract])
    trouble = [
        {"ticket": f"t{n}", "customer": "north", "event": "opened", "at": ago(5), "priority": "critical"}
        for n in range(3)
    ]
    batch = town.load("ticket_event", trouble, source="desk")
    judging = catalog.load()

    async def asked(on: Any) -> Any:
        return (await Books(on.sources, on.readers, judging).book()).entries[0].health

    before = town.ask(asked)
    town.target.run(town.loader.undo, batch, "nobody")
    after = town.ask(asked)

    assert [before.part("support").state, after.part("support").state] == ["measured", "unknown"]
    assert after.score <= before.score
    assert after.coverage < before.coverage
    assert after.high > after.low


def test_grid_stays_while_days_go_by() -> None:
    weeks = [set(grid(date(2026, 11, day))) for day in (16, 17, 21)]
    assert date(2026, 11, 15) in weeks[0] & weeks[1] & weeks[2]
    assert all(day.isoweekday() == 7 for day in weeks[0] & weeks[1] & weeks[2])


def test_core_features_stand_in_for_those_of_the_contract(town: Town) -> None:
    town.fill(
        [Action(feature="orders", action="complete", user="a", customer="north", time=ago(3))],
        contract=[{"account": "north", "started": ago(100), "change": "new", "seats": 2, "mrr": Decimal(1)}],
    )

    async def asked(on: Any) -> Any:
        return (await on.sources.signals([ago(1).date()])).evidence(ago(1).date(), "north")

    evidence = town.ask(asked)
    assert evidence.bought == {one.id for one in PRODUCT.features.values() if one.core}
    assert (evidence.active, evidence.seats, evidence.used) == (1, 2, {"orders"})


def test_nothing_at_all_is_an_empty_book(town: Town) -> None:
    town.fill()

    async def asked(on: Any) -> Any:
        return await Books(on.sources, on.readers, catalog.load()).book()

    book = town.ask(asked)
    assert (book.entries, book.strangers, len(book.missing)) == ([], 0, 4)
