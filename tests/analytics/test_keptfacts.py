"""What is kept of facts is what would be computed: days pass, states come late, change and are undone, shifts move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.house import SUPPORT, House

from lopan.analytics.facts import Facts

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 12
UNITS = ("saw", "mill")
STATES = ("down", "planned_down", "delay", "setup", "production", "idle")
STATEMENTS = {
    "unit_shifts": "SELECT work_unit, site, shift, started, ended, planned_s, production_s, setup_s, delay_s, down_s,"
    " planned_down_s, idle_s, good, made, ideal_good_s, ideal_s, unrated FROM {unit_shifts:Identifier}"
    " WHERE started >= {start:DateTime64(3, 'UTC')} AND started < {end:DateTime64(3, 'UTC')}",
    "tickets": "SELECT ticket, customer, opened, resolved, hours, business_hours, sla_hours FROM {tickets:Identifier}",
    "orders": "SELECT order, lines, due, delivered, on_time, accurate FROM {orders:Identifier}",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("kept"))
    yield made
    made.close()


def rows(house: House, name: str, now: datetime, first: int, last: int, *, kept: bool) -> list[tuple[Any, ...]]:
    span = {"start": BEGIN + timedelta(days=first), "end": BEGIN + timedelta(days=last + 1), "now": now}

    async def work(facts: Facts) -> list[dict[str, Any]]:
        return await facts.ask(STATEMENTS[name], **span)

    return sorted((tuple(map(told, row.values())) for row in house.ask(work, kept=kept)), key=repr)


def told(value: Any) -> Any:
    """Sums of floats in another order differ in their last digits."""
    return round(value, 6) + 0.0 if isinstance(value, float) else value


def same(house: House, name: str, now: datetime, first: int = 0, last: int = DAYS) -> list[tuple[Any, ...]]:
    found = rows(house, name, now, first, last, kept=True)
    assert found == rows(house, name, now, first, last, kept=False)
    return found


def state(chance: Random, now: datetime) -> dict[str, Any]:
    """Some of them go on, with pieces or without, and some are from long ago."""
    started = BEGIN + timedelta(minutes=chance.randrange(round((now - BEGIN) / timedelta(minutes=1))))
    length = timedelta(minutes=chance.choice([0, 20, 300, 2_000]))
    return {
        "key": f"s{chance.randrange(60)}",
        "work_unit": chance.choice(UNITS),
        "site": "Kiel",
        "started": started,
        "ended": None if chance.random() < 0.05 else started + length,
        "state": chance.choice(STATES),
        "good": float(chance.choice([0, 0, 7])),
        "scrap": float(chance.choice([0, 1])),
        "ideal_cycle_s": chance.choice([None, 30.0]),
        "deleted": chance.random() < 0.1,
        "modified": now,
    }


def calendar(hours: int, days: int = DAYS) -> list[dict[str, Any]]:
    shifts: list[dict[str, Any]] = [
        {
            "key": f"{day}-{name}",
            "site": "Kiel",
            "kind": "shift",
            "name": name,
            "started": BEGIN + timedelta(days=day, hours=at),
            "ended": BEGIN + timedelta(days=day, hours=at + hours),
        }
        for day in range(days)
        for name, at in (("early", 6), ("night", 20))
    ]
    pauses = [
        {**one, "key": f"{one['key']}-pause", "kind": "break", "work_unit": unit, "ended": one["started"] + pause}
        for one, unit, pause in zip(shifts[::3], ["", "saw"] * DAYS, [timedelta(hours=1)] * len(shifts), strict=False)
    ]
    return shifts + pauses


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.integers(0, 2**32).map(Random))
def test_shifts_are_what_they_are_whatever_comes_and_goes(house: House, chance: Random) -> None:
    house.clear("work_unit_state", "shift")
    house.load(calendar(8), "shift")
    now = BEGIN + timedelta(days=6, hours=10)
    batches: list[str] = []
    for step in range(6):
        what = ("load", "load", "wait", chance.choice(["undo", "calendar"]), "load", "wait")[step]
        if what == "load":
            batches.append(house.load([state(chance, now) for _ in range(25)], "work_unit_state"))
        elif what == "undo":
            house.run(house.loader.undo, batches.pop(), "a test")
        elif what == "calendar":
            house.load([{**one, "modified": now} for one in calendar(30)], "shift")
        else:
            now += timedelta(hours=chance.choice([1, 30]))
        first = chance.randrange(6)
        same(house, "unit_shifts", now, first, chance.randrange(first, DAYS))
    assert same(house, "unit_shifts", now)


TICKET = {"ticket": "t1", "customer": "c"}
LINE = {"order": "o1", "customer": "c", "ordered": 1.0}


@pytest.mark.parametrize(
    ("name", "fact", "row", "later"),
    [
        ("tickets", "ticket_event", {**TICKET, "event": "opened", "at": BEGIN}, {"event": "resolved", "key": "b"}),
        ("orders", "order_line", {**LINE, "first_promised": BEGIN}, {"delivered": BEGIN, "modified": BEGIN}),
    ],
    ids=["tickets", "orders"],
)
def test_a_fact_that_comes_or_goes_is_seen(
    house: House, name: str, fact: str, row: Mapping[str, Any], later: Mapping[str, Any]
) -> None:
    house.clear(fact)
    now = BEGIN + timedelta(days=1)
    house.load([{"key": "a", **row, "modified": BEGIN - timedelta(days=1)}], fact)
    before = same(house, name, now)
    more = {"key": "a", **row, **({"at": now} if fact == "ticket_event" else {}), **later}
    batch = house.load([more], fact)
    after = same(house, name, now)
    assert after != before
    house.run(house.loader.undo, batch, "a test")
    assert same(house, name, now) == before


def test_hours_of_support_belong_to_a_ticket(house: House) -> None:
    house.clear("ticket_event", "shift")
    events = (("opened", BEGIN), ("resolved", BEGIN + timedelta(days=1)))
    house.load([{"key": event, **TICKET, "event": event, "at": at} for event, at in events], "ticket_event")
    assert [row[5] for row in same(house, "tickets", BEGIN)] == [None]
    shift = {"key": "k", "site": SUPPORT, "started": BEGIN - timedelta(hours=1), "ended": BEGIN + timedelta(hours=3)}
    house.load([{**shift, "kind": "shift"}], "shift")
    assert [row[5] for row in same(house, "tickets", BEGIN)] == [3.0]


def test_what_an_earlier_process_kept_does_not_count(house: House) -> None:
    house.clear("ticket_event")
    house.load([{"key": "a", **TICKET, "event": "opened", "at": BEGIN}], "ticket_event")
    for _ in range(2):
        assert len(same(house, "tickets", BEGIN)) == 1
        house.begin_anew()
