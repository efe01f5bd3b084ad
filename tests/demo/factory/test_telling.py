"""A stretch of time told in pieces is the same as told at once: what was told first is replaced by key and version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.business import NOW, Business, milliseconds

from lopan.demo.factory.blocks import NONE
from lopan.demo.factory.telling import TELLERS, told

SPAN = timedelta(days=9)


def rows(business: Business, fact: str, start: int, now: int) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for block in told(business.world, fact, start, now) for row in block.to_pylist()}


@settings(max_examples=6, deadline=None)
@given(cut=st.timedeltas(timedelta(minutes=1), SPAN), more=st.timedeltas(timedelta(), timedelta(days=40)))
def test_pieces_are_the_whole(business: Business, cut: timedelta, more: timedelta) -> None:
    now = business.now
    middle = milliseconds(NOW - cut)
    first = milliseconds(NOW - cut - more)
    for fact in TELLERS:
        whole = rows(business, fact, first, now)
        pieces = rows(business, fact, first, middle) | rows(business, fact, middle, now)
        assert pieces == whole, fact


def test_nothing_is_told_twice_without_a_change(business: Business) -> None:
    """But for what lasts, which is told as of now each time."""
    lasting = {"work_unit_state", "work_order"}
    for fact in TELLERS.keys() - lasting:
        assert rows(business, fact, business.now, business.now + 1_000) == {}
    for fact in lasting:
        again = rows(business, fact, business.now, business.now + 1_000)
        assert 0 < len(again) < 40


def test_what_lasts_has_no_end_and_the_pieces_so_far(business: Business) -> None:
    early = rows(business, "work_unit_state", business.now - 60_000, business.now)
    late = rows(business, "work_unit_state", business.now, business.now + 600_000)
    both = [(early[key], late[key]) for key in early.keys() & late.keys() if early[key]["state"] == "production"]
    assert both
    assert all(one["good"] <= two["good"] for one, two in both)
    assert sum(one["good"] < two["good"] for one, two in both) > 0


@pytest.mark.parametrize("day", [datetime(2026, 12, 25, 3, tzinfo=UTC), datetime(2028, 2, 29, 23, 59, tzinfo=UTC)])
def test_any_day_can_be_the_first(day: datetime) -> None:
    business = Business(day)
    for fact in TELLERS:
        assert business.table(fact).num_rows > 0


def test_unknown_is_null(business: Business) -> None:
    found = business.table("order_line").filter(business.table("order_line")["delivered"].is_null())
    assert found.num_rows > 0
    assert found["delivered_quantity"].null_count == found.num_rows
    assert all(value is None or value.timestamp() * 1000 != NONE for value in found["shipped"].to_pylist())
