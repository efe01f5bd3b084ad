"""What an entry over business facts may count: the facts themselves, and rows that are put together from them.

A relation is one SQL file of the analytics; what is written here are its columns, for the lint and the dimensions.
"""

from __future__ import annotations

from lopan.fact import SPECS, Column, Fact, Kind, Spec


def _spec(name: str, **columns: str) -> Spec:
    kinds: dict[str, Kind] = {"text": "text", "number": "number", "time": "time", "flag": "flag"}
    made = [
        Column(column, kinds[kind], required=False, optional=kind == "time", default=None)
        for kind, listed in columns.items()
        for column in listed.split()
    ]
    return Spec(name, Fact, tuple(made), ())


DERIVED: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        _spec(
            "orders",
            text="order customer site region",
            time="due delivered",
            flag="on_time in_full documents condition accurate",
            number="lines",
        ),
        _spec(
            "tickets",
            text="ticket customer priority category channel",
            time="opened responded resolved due",
            number="hours sla_hours business_hours reopened",
            flag="reversed",
        ),
        _spec(
            "unit_shifts",
            text="work_unit site shift",
            time="started ended",
            number="planned_s production_s setup_s delay_s down_s planned_down_s idle_s good made ideal_good_s ideal_s "
            "unrated",
        ),
        _spec("worker_days", text="employee site", time="started", number="busy_s"),
        _spec("unit_days", text="work_unit site", time="started", number="calendar_s production_s busy_s down_s"),
    )
}
"""Rows put together from facts: customers' orders, support tickets, work units by shift and by day, workers by day."""

RELATIONS: dict[str, Spec] = SPECS | DERIVED
"""Everything that an entry may name as its ``source`` to be one over facts."""
