"""Times of work units and tickets against a plain walk over minutes: overlaps, breaks, open intervals, corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.analytics.figures import metric
from tests.conftest import ManualClock
from tests.house import SUPPORT, House

from lopan.analytics.business.shopfloor import Shopfloor
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.metric import Span
from lopan.catalog import DAY, Narrow

RANKS = ("down", "planned_down", "delay", "setup", "production", "idle")
BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 10, 24, tzinfo=UTC)  # clocks go back in the night to the 25th
NOW = BEGIN + timedelta(hours=52)
CLOCK = NOW - timedelta(seconds=1)
"""The present is the end of the running second."""

SPAN = Span(BEGIN, NOW - timedelta(seconds=1))
STEP = timedelta(minutes=20)
MOST = int((NOW - BEGIN) / STEP) + 6
SMALL = settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def at(step: int) -> datetime:
    return BEGIN + STEP * step


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("shopfloor"))
    made.load([{"key": "K", "site": "Kiel", "timezone": "Europe/Berlin", "day_begins": 360}], "site")
    yield made
    made.close()


spans = st.tuples(st.integers(0, MOST - 1), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair)))
states = st.lists(
    st.tuples(
        spans,
        st.booleans(),
        st.sampled_from(RANKS),
        st.sampled_from(["saw", "mill"]),
        st.integers(0, 50),
        st.integers(0, 5),
        st.sampled_from([None, 30.0, 90.0]),
    ),
    min_size=5,
    max_size=10,
)
shifts = st.lists(st.tuples(spans, st.sampled_from(["", "mill"])), min_size=2, max_size=4)
pauses = st.lists(st.tuples(spans, st.sampled_from(["", "saw"]), st.sampled_from(["break", "holiday"])), max_size=3)


def load(house: House, states: Any, shifts: Any, pauses: Any) -> list[dict[str, Any]]:
    house.clear("work_unit_state", "shift")
    rows = [
        {
            "key": str(number), "work_unit": unit, "site": "Kiel", "started": at(first), "state": state,
            "ended": None if still else at(last), "good": float(good), "scrap": float(scrap), "ideal_cycle_s": ideal,
        }
        for number, ((first, last), still, state, unit, good, scrap, ideal) in enumerate(states)
    ]  # fmt: skip
    wrong = [row | {"state": "idle", "good": 9.0, "modified": BEGIN} for row in rows]
    right = [row | {"modified": NOW} for row in rows]
    for batch in (right, wrong, right):  # the older version comes last, and again
        house.load(batch, "work_unit_state")
    calendar: list[tuple[Any, str, str]] = [(span, unit, "shift") for span, unit in shifts]
    calendar += [(span, unit, kind) for span, unit, kind in pauses]
    if calendar:
        house.load(
            [
                {
                    "key": str(number), "site": "Kiel", "work_unit": unit, "kind": kind, "name": "any",
                    "started": at(first), "ended": at(last),
                }
                for number, ((first, last), unit, kind) in enumerate(calendar)
            ],
            "shift",
        )  # fmt: skip
    return rows


def production_day(moment: datetime) -> date:
    day = moment.astimezone(BERLIN).date() + timedelta(1)
    while datetime(day.year, day.month, day.day, 6, tzinfo=BERLIN).astimezone(UTC) > moment:
        day -= timedelta(1)
    return day


def state_at(rows: list[dict[str, Any]], unit: str, moment: datetime) -> str:
    there = [
        row["state"] for row in rows
        if row["work_unit"] == unit and row["started"] <= moment < (row["ended"] or NOW)
    ]  # fmt: skip
    return min(there, key=RANKS.index, default="")


@SMALL
@given(states=states)
def test_time_by_day_is_the_union_of_what_a_work_unit_did(house: House, states: Any) -> None:
    rows = load(house, states, [], [])
    spent: defaultdict[tuple[date, str], float] = defaultdict(float)
    for unit in ("saw", "mill"):
        for step in range(MOST):
            if at(step) < NOW:
                spent[production_day(at(step)), state_at(rows, unit, at(step))] += STEP.total_seconds() / 3600
    found = metric(house, "busy_hours", SPAN, step=DAY, now=CLOCK, zone="Europe/Berlin")
    hours = {point.t.astimezone(BERLIN).date(): point.value or 0 for point in found.series}
    for day, value in hours.items():
        assert value == pytest.approx(spent[day, "production"] + spent[day, "setup"])
    down = metric(house, "down_hours", SPAN, now=CLOCK, zone="Europe/Berlin")
    assert (down.value or 0) == pytest.approx(sum(spent[day, "down"] for day in hours))


@SMALL
@given(states=states, shifts=shifts, pauses=pauses)
def test_oee_is_that_of_the_planned_time(house: House, states: Any, shifts: Any, pauses: Any) -> None:
    rows = load(house, states, shifts, pauses)
    spent: defaultdict[str, float] = defaultdict(float)
    made: defaultdict[str, float] = defaultdict(float)
    own = any(unit == "mill" and last > first for (first, last), unit in shifts)
    for unit in ("saw", "mill"):
        scope = "mill" if unit == "mill" and own else ""
        cut: list[tuple[int, int]] = []
        for first, last in sorted(span for span, where in shifts if where == scope):
            begun = max([first, *(end for _, end in cut)])
            cut += [(begun, last)] if begun < last else []
        for first, last in cut:
            end = min(at(last), NOW)
            if end <= at(first) or not touched(rows, unit, at(first), end):
                continue
            for step in range(first, last):
                if at(step) >= NOW:
                    continue
                paused = any(one <= step < two and where in ("", unit) for (one, two), where, _ in pauses)
                spent["pause" if paused else state_at(rows, unit, at(step)) or "nothing"] += STEP.total_seconds()
            for row in rows:
                if row["work_unit"] == unit:
                    share = shared(row, at(first), end)
                    cycle = row["ideal_cycle_s"] or 0
                    made["good"] += row["good"] * share
                    made["all"] += (row["good"] + row["scrap"]) * share
                    made["ideal good"] += cycle * row["good"] * share
                    made["ideal"] += cycle * (row["good"] + row["scrap"]) * share
    planned = sum(spent.values()) - spent["pause"] - spent["planned_down"]
    wanted = {
        "availability": ratio(spent["production"], planned),
        "performance_rate": ratio(made["ideal"], spent["production"]),
        "machine_quality": ratio(made["good"], made["all"]),
        "oee": ratio(made["ideal good"], planned),
        "allocation": ratio(spent["production"] + spent["setup"], planned),
    }
    wide = Span(BEGIN - timedelta(1), BEGIN + timedelta(days=6))
    found = {name: metric(house, name, wide, now=CLOCK, zone="Europe/Berlin").value for name in wanted}
    assert found == pytest.approx(wanted)


def ratio(above: float, below: float) -> float | None:
    return 100 * above / below if below else None


def touched(rows: list[dict[str, Any]], unit: str, begin: datetime, end: datetime) -> bool:
    return any(row["work_unit"] == unit and shared(row, begin, end) > 0 for row in rows)


def shared(row: dict[str, Any], begin: datetime, end: datetime) -> float:
    """The part of a state that lies in a shift; a state of no length is there, or not."""
    if row["started"] >= NOW:
        return 0.0
    last = min(row["ended"] or NOW, NOW)
    if last == row["started"]:
        return float(begin <= last < end)
    there = min(last, end) - max(row["started"], begin)
    return float(max(timedelta(), there) / (last - row["started"]))


events = st.lists(
    st.tuples(
        st.integers(1, MOST), st.sampled_from(["waiting", "resumed", "resolved", "reopened", "closed", "responded"])
    ),
    max_size=8,
    unique_by=lambda pair: pair[0],
)


@SMALL
@given(sent=events, opened=st.integers(0, 20), hours=st.lists(spans, max_size=3), breaks=st.lists(spans, max_size=2))
def test_resolution_counts_to_the_last_one_and_waiting_apart(
    house: House, sent: Any, opened: int, hours: Any, breaks: Any
) -> None:
    house.clear("ticket_event", "shift")
    life = sorted([(opened + 0.5, "opened"), *sent])
    rows = [{"key": str(step), "ticket": "t", "event": event, "at": at(0) + STEP * step} for step, event in life]
    house.load(rows[::-1], "ticket_event")
    calendar = [(span, "shift") for span in hours] + [(span, "break") for span in breaks]
    if calendar:
        house.load(
            [
                {"key": str(number), "site": SUPPORT, "kind": kind, "started": at(first), "ended": at(last)}
                for number, ((first, last), kind) in enumerate(calendar)
            ],
            "shift",
        )
    again = max((step for step, event in life if event == "reopened"), default=-1.0)
    ends = [step for step, event in life if event == "resolved" and step > again]
    ends = ends or [step for step, event in life if event == "closed"]
    begun = opened + 0.5
    wide = Span(BEGIN, BEGIN + timedelta(days=3))
    found = {
        name: metric(house, name, wide, now=CLOCK)
        for name in ("issue_resolution_time", "issue_resolution_business", "issue_resolution_sla", "open_tickets",
                     "ticket_clock_errors")
    }  # fmt: skip
    values = {name: one.value for name, one in found.items()}
    if not ends or ends[-1] < again:
        assert values["open_tickets"] == 1
        assert values["issue_resolution_time"] is None
        return
    end = ends[-1]
    assert values["open_tickets"] is None
    if end < begun:
        assert (values["ticket_clock_errors"], values["issue_resolution_time"]) == (1, None)
        return
    halves = [begun + number / 2 for number in range(round(2 * (end - begun)))]
    worked = [half for half in halves if works(half, hours, breaks)]
    free = {half for half in halves if not waits(half, life)}
    size = STEP.total_seconds() / 7200
    assert values["issue_resolution_time"] == pytest.approx(len(halves) * size)
    marks = [step for span in (*hours, *breaks) for step in span]
    if marks and min(marks) <= max(step for step, _ in life):
        assert values["issue_resolution_business"] == pytest.approx(len(worked) * size)
        assert values["issue_resolution_sla"] == pytest.approx(len([half for half in worked if half in free]) * size)
    else:
        assert values["issue_resolution_business"] is None
        assert values["issue_resolution_sla"] == pytest.approx(len(free) * size)


@SMALL
@given(
    tickets=st.lists(
        st.tuples(st.integers(0, 60), *(st.one_of(st.none(), st.integers(0, 150)) for _ in range(3))),
        min_size=1,
        max_size=6,
    )
)
def test_response_and_due_times_are_those_of_each_ticket(house: House, tickets: Any) -> None:
    house.clear("ticket_event", "shift")
    rows = []
    for number, (opened, responded, due, resolved) in enumerate(tickets):
        life = {"opened": opened, "responded": responded, "resolved": resolved}
        rows += [
            {"key": f"{number}-{event}", "ticket": str(number), "event": event, "at": at(step),
             "due": None if due is None else at(due)}
            for event, step in life.items() if step is not None
        ]  # fmt: skip
    house.load(rows[::-1], "ticket_event")
    wide = Span(BEGIN, BEGIN + timedelta(days=3))
    found = {name: metric(house, name, wide, now=CLOCK) for name in ("first_response_time", "ticket_due_breaches")}
    answered = [responded - opened for opened, responded, _, _ in tickets if responded is not None]
    hours = [steps * STEP.total_seconds() / 3600 for steps in answered if steps >= 0]
    response = found["first_response_time"]
    assert (response.value, response.n) == (pytest.approx(median(hours)) if hours else None, len(hours))
    owed = [
        resolved is None or resolved > due
        for opened, _, due, resolved in tickets
        if due is not None and at(due) < NOW and not (resolved is not None and resolved < opened)
    ]
    breached = found["ticket_due_breaches"]
    assert (breached.value, breached.n) == (ratio(sum(owed), len(owed)), len(owed))


@SMALL
@given(
    orders=st.lists(st.tuples(st.integers(-5, 150), st.integers(1, 60)), min_size=1, max_size=4),
    hours=st.lists(spans, max_size=4),
    breaks=st.lists(spans, max_size=2),
)
def test_the_plan_of_now_follows_the_shifts(house: House, orders: Any, hours: Any, breaks: Any) -> None:
    house.clear("work_order", "shift")
    calendar = [(span, "shift") for span in hours] + [(span, "break") for span in breaks]
    rows = [
        {"key": str(number), "site": "Kiel", "kind": kind, "started": at(first), "ended": at(last)}
        for number, ((first, last), kind) in enumerate(calendar)
    ]
    house.load([*rows, {"key": "far", "site": "Ulm", "kind": "shift", "started": at(0), "ended": at(300)}], "shift")
    planned = {"site": "Kiel", "ordered": 100.0, "status": "running"}
    house.load(
        [
            {"key": str(number), "order": str(number), **planned, "planned_start": at(first),
             "planned_end": at(first + length)}
            for number, (first, length) in enumerate(orders)
        ],
        "work_order",
    )  # fmt: skip
    clock = ManualClock()
    clock.move((CLOCK - clock.now()).total_seconds())
    found = house.ask(lambda facts: Shopfloor(FactKpis(facts, clock)).orders(Narrow()))
    now = (NOW - BEGIN) / STEP
    marks = [step for span, _ in calendar for step in span]
    plans = {}
    for number, (first, length) in enumerate(orders):
        last = first + length
        if first >= now:
            continue
        worked = [step for step in range(first, last) if works(step, hours, breaks)]
        if worked and min(marks) <= first and max(marks) >= last:
            plans[str(number)] = 100 * sum(step < now for step in worked) / len(worked)
        else:
            plans[str(number)] = 100 * min(1.0, (now - first) / length)
    assert {one.order: one.plan for one in found} == pytest.approx(plans)


def works(step: float, hours: Any, breaks: Any) -> bool:
    return any(first <= step < last for first, last in hours) and not any(
        first <= step < last for first, last in breaks
    )


def waits(step: float, life: list[tuple[float, str]]) -> bool:
    turns = [event for at, event in life if at <= step and event not in ("opened", "responded")]
    began = [at for at, event in life if at <= step and event not in ("opened", "responded")]
    first = next(at for at, event in life if event == "opened")
    return bool(turns) and turns[-1] == "waiting" and began[-1] >= first
