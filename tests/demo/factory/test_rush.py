"""Orders over the counter and tickets: each begins before it ends, and none is lost when the demo stops."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec
import pytest
from tests.business import Business

from lopan.connect.rows import read
from lopan.demo.factory.rush import Row, Rush
from lopan.demo.factory.troubles import LATE_DELIVERIES, TICKET_FLOOD
from lopan.fact import SPECS

TICK_MS = 15_000
TICKS = 480
"""Two hours."""


def sent(rush: Rush, now: int, *on: str) -> list[Row]:
    return [row for tick in range(1, TICKS + 1) for row in rush.due(now + tick * TICK_MS, on)]


def of(rows: list[Row], fact: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.fact == fact:
            found[row.fields["order" if fact == "order_line" else "ticket"]].append(row)
    return found


def test_every_row_is_a_fact(business: Business, tmp_path: Path) -> None:
    rows = sent(Rush(business.world, tmp_path, business.now), business.now)
    for fact in ("order_line", "ticket_event"):
        own = [row.fields for row in rows if row.fact == fact]
        found = read(SPECS[fact], msgspec.json.encode(own))
        assert len(found.rows) == len(own) > 40
        assert found.refused == []


def test_the_same_moment_gives_the_same_rows(business: Business, tmp_path: Path) -> None:
    first, second = (sent(Rush(business.world, tmp_path, business.now), business.now) for _ in range(2))
    assert first == second


def test_orders_are_placed_and_then_handed_over(business: Business, tmp_path: Path) -> None:
    orders = of(sent(Rush(business.world, tmp_path, business.now), business.now), "order_line")
    assert 40 < len(orders) < 90
    for rows in orders.values():
        assert len(rows) <= 2
        assert "delivered" not in rows[0].fields
        assert all("delivered" in row.fields and row.fields["key"] == rows[0].fields["key"] for row in rows[1:])


@pytest.mark.parametrize(("on", "low", "high"), [((), 0.0, 0.25), ((LATE_DELIVERIES,), 0.6, 0.95)])
def test_late_deliveries_are_late(
    business: Business, tmp_path: Path, on: tuple[str, ...], low: float, high: float
) -> None:
    orders = of(sent(Rush(business.world, tmp_path, business.now), business.now, *on), "order_line")
    ended = [rows[-1].fields for rows in orders.values() if len(rows) == 2]
    late = sum(row["delivered"] > row["promised"] for row in ended) / len(ended)
    assert low <= late <= high


def test_a_flood_of_tickets_is_not_answered(business: Business, tmp_path: Path) -> None:
    tickets = of(sent(Rush(business.world, tmp_path, business.now), business.now, TICKET_FLOOD), "ticket_event")
    assert len(tickets) > 1_000
    assert {row.fields["event"] for rows in tickets.values() for row in rows} == {"opened"}


def test_what_is_not_over_survives_a_restart(business: Business, tmp_path: Path) -> None:
    rush = Rush(business.world, tmp_path, business.now)
    before = sent(rush, business.now)
    rush.keep()
    open_before = {order for order, rows in of(before, "order_line").items() if len(rows) == 1}
    later = business.now + TICKS * TICK_MS
    after = of(sent(Rush(business.world, tmp_path, later), later), "order_line")
    assert open_before
    assert open_before <= after.keys()


def test_a_torn_file_is_no_reason_to_stop(business: Business, tmp_path: Path) -> None:
    rush = Rush(business.world, tmp_path, business.now)
    rush.keep()
    (tmp_path / "factory.waiting").write_bytes(b"\x93")
    assert sent(Rush(business.world, tmp_path, business.now), business.now)
