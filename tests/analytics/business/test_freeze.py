"""What of a frozen window is worth reading: main values by site, what is missing, and which window is proposed."""

from __future__ import annotations

from datetime import date

import pytest

from lopan.analytics.business import freeze
from lopan.analytics.business.freeze import Values
from lopan.analytics.calendar import Dates
from lopan.control.baselines import Frozen, Held, Made, Worked

TODAY = date(2026, 6, 30)
KNOWN = Frozen(
    made=[
        Made(site="A", product="p", good=90, scrap=10, valued=90, standard=450, scrap_cost=50, cost=900),
        Made(site="A", product="q", good=10, scrap=0, valued=0, standard=0, scrap_cost=0, cost=100),
        Made(site="", product="p", good=0, scrap=0, valued=0, standard=0, scrap_cost=0, cost=0),
    ],
    worked=[Worked(site="A", paid=100, direct=80, earned=90), Worked(site="B", paid=100, direct=100, earned=110)],
    held=[Held(site="A", average=1_000), Held(site="B", average=500)],
)


@pytest.mark.parametrize(
    ("hours", "productivity"), [("paid", (1.0, 0.9)), ("direct", (200 / 180, 1.125))], ids=["paid", "direct"]
)
def test_values_are_those_of_the_sums(hours: str, productivity: tuple[float, float]) -> None:
    made = {"good": 100, "scrap_rate": 10 / 110, "unit_cost": 10}
    assert freeze.values(KNOWN, hours) == Values(**made, productivity=productivity[0], stock=1_500)
    sites = freeze.by_site(KNOWN, hours)
    assert list(sites) == ["", "A", "B"]
    assert sites["A"] == Values(**made, productivity=productivity[1], stock=1_000)
    assert sites["B"] == Values(good=None, scrap_rate=None, unit_cost=None, productivity=1.1, stock=500)
    assert sites[""] == Values(good=0, scrap_rate=None, unit_cost=None, productivity=None, stock=None)


def test_of_nothing_nothing_is_known() -> None:
    assert freeze.values(Frozen(), "paid") == Values(
        good=None, scrap_rate=None, unit_cost=None, productivity=None, stock=None
    )
    assert freeze.by_site(Frozen(), "paid") == {}
    assert freeze.gaps(Frozen()) == ["work orders", "costs of making", "hours", "stock"]
    assert freeze.gaps(KNOWN) == []


@pytest.mark.parametrize(
    ("begun", "window"),
    [
        (None, (date(2026, 4, 1), date(2026, 6, 29))),
        (date(2026, 4, 1), (date(2026, 1, 1), date(2026, 3, 31))),
        (date(2026, 9, 1), (date(2026, 4, 1), date(2026, 6, 29))),
    ],
    ids=["no roll-out", "begun", "planned"],
)
def test_the_days_before_the_roll_out_are_proposed(begun: date | None, window: tuple[date, date]) -> None:
    assert freeze.proposed(begun, TODAY) == Dates(*window)


@pytest.mark.parametrize(
    ("last", "days", "complete"),
    [(date(2026, 1, 31), 0, date(2026, 2, 1)), (date(2026, 2, 1), 10, date(2026, 3, 11)),
     (date(2026, 12, 31), 10, date(2027, 1, 11))],
)  # fmt: skip
def test_costs_are_complete_some_days_after_their_month(last: date, days: int, complete: date) -> None:
    assert freeze.complete(last, days) == complete


@pytest.mark.parametrize(
    ("after", "days", "window"),
    [
        (date(2025, 12, 31), 10, (date(2026, 3, 1), date(2026, 5, 31))),
        (date(2025, 12, 31), 45, (date(2026, 2, 1), date(2026, 4, 30))),
        (date(2026, 3, 20), 10, (date(2026, 4, 1), date(2026, 5, 31))),
        (date(2026, 4, 30), 10, (date(2026, 5, 1), date(2026, 5, 31))),
        (date(2026, 5, 1), 10, None),
    ],
    ids=["three", "not closed yet", "two", "one", "none"],
)
def test_whole_months_after_the_window_are_measured(after: date, days: int, window: tuple[date, date] | None) -> None:
    assert freeze.closed(after, TODAY, days, 3) == (Dates(*window) if window else None)
