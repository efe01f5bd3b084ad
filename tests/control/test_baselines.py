from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from tests.conftest import ManualClock

from lopan.control import audit, baselines
from lopan.control.baselines import Frozen, Held, Made, Repaired, Worked
from lopan.errors import Rejected

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
VALUES = Frozen(
    made=[
        Made(site="A", product="p", good=10, scrap=1, valued=10, standard=50, scrap_cost=5, cost=80),
        Made(site="B", product="q", good=20, scrap=0, valued=0, standard=0, scrap_cost=0, cost=90),
    ],
    worked=[Worked(site="A", paid=100, direct=80, earned=90)],
    held=[Held(site="B", average=1_000)],
    repaired=[Repaired(site="A", cost=7)],
)


def frozen(engine: Engine, by: str = "anna@example.org", clock: ManualClock | None = None) -> int:
    made = baselines.freeze(engine, FIRST, LAST, "EUR", VALUES, by, "first quarter", clock or ManualClock())
    return made.version


def test_what_was_frozen_comes_back_as_it_was(engine: Engine, clock: ManualClock) -> None:
    version = frozen(engine, clock=clock)
    found = baselines.get(engine, version)
    assert (found.frozen, found.first, found.last, found.days, found.short) == (VALUES, FIRST, LAST, 90, False)
    assert (found.frozen_by, found.frozen_at, found.state) == ("anna@example.org", clock.now(), "frozen")
    assert baselines.current(engine) is None


def test_only_somebody_else_approves(engine: Engine) -> None:
    version = frozen(engine)
    with pytest.raises(Rejected, match="somebody else"):
        baselines.approve(engine, version, "Anna@Example.org")
    assert baselines.approve(engine, version, "ben@example.org").decided_by == "ben@example.org"
    assert [entry.action for entry in audit.entries(engine)] == ["baseline.approve", "baseline.freeze"]


def test_who_wrote_it_down_is_in_the_log(engine: Engine) -> None:
    made = baselines.freeze(engine, FIRST, LAST, "EUR", VALUES, "anna@example.org", actor="command line: root")
    baselines.approve(engine, made.version, "ben@example.org", actor="command line: root")
    entries = audit.entries(engine)
    assert {entry.actor for entry in entries} == {"command line: root"}
    assert [entry.detail for entry in entries] == [
        "2026-01-01 to 2026-03-31, by ben@example.org",
        "2026-01-01 to 2026-03-31, by anna@example.org",
    ]


def test_a_new_version_replaces_the_old_one_without_touching_its_values(engine: Engine, clock: ManualClock) -> None:
    old, new = frozen(engine), frozen(engine)
    baselines.approve(engine, old, "ben@example.org", clock)
    clock.move(60)
    baselines.approve(engine, new, "ben@example.org", clock)
    current = baselines.current(engine)
    assert current is not None
    assert current.version == new
    replaced = baselines.get(engine, old)
    assert (replaced.state, replaced.replaced_at, replaced.frozen) == ("replaced", clock.now(), VALUES)
    assert [one.version for one in baselines.listing(engine)] == [new, old]


@pytest.mark.parametrize("decided", [baselines.approve, baselines.reject])
def test_what_is_decided_stays_decided(engine: Engine, decided: Callable[[Engine, int, str], object]) -> None:
    version = frozen(engine)
    baselines.reject(engine, version, "anna@example.org")
    with pytest.raises(Rejected, match="rejected"):
        decided(engine, version, "ben@example.org")


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [(LAST, FIRST, "before the first"), (FIRST, FIRST, ""), (date(2020, 1, 1), LAST, "at most"), (FIRST, None, "over")],
    ids=["turned round", "one day", "too long", "not over"],
)
def test_windows_are_checked(first: date, last: date | None, reason: str) -> None:
    today = LAST + timedelta(days=1)
    if not reason:
        assert baselines.window(first, last or today, today) == (first, last)
        return
    with pytest.raises(Rejected, match=reason):
        baselines.window(first, last or today, today)


def test_a_window_of_which_nothing_is_known_is_no_baseline(engine: Engine) -> None:
    with pytest.raises(Rejected, match="import facts"):
        baselines.freeze(engine, FIRST, LAST, "EUR", Frozen(), "anna@example.org")
    with pytest.raises(Rejected, match="no baseline of version 9"):
        baselines.get(engine, 9)


@pytest.mark.parametrize(
    ("site", "product", "counts"), [("", "", (2, 1, 1, 1)), ("A", "", (1, 1, 0, 1)), ("B", "p", (0, 0, 1, 0))]
)
def test_a_site_is_measured_against_its_own_part(site: str, product: str, counts: tuple[int, ...]) -> None:
    part = VALUES.at(site, product)
    assert (len(part.made), len(part.worked), len(part.held), len(part.repaired)) == counts
