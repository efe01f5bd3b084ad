"""Intervals of a machine: no time twice, none left out, every piece counted once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.connect.mqtt.machines import Machine
from lopan.connect.mqtt.session import Sample
from lopan.connect.mqtt.tracker import LOST, Interval, Known, Tracker

NOW = 10_000_000
MACHINE = Machine(
    device="*", state="S", states={"1": "production", "2": "down"}, reason="R", order="O", good="G", scrap="X",
)  # fmt: skip


class Life:
    """A tracker, and all that it ever wanted to be loaded, the newest of each start."""

    def __init__(self, machine: Machine = MACHINE) -> None:
        self.tracker = Tracker(machine, Known(path="G/N/D"))
        self.loaded: dict[int, Interval] = {}

    def hear(self, at: int, historical: bool = False, **values: float | str) -> None:
        self.tracker.hear([Sample("G/N/D", name, value, at, historical) for name, value in values.items()], NOW)
        self.load()

    def lose(self, at: int) -> None:
        self.tracker.lose(at)
        self.load()

    def load(self) -> None:
        for started, one in self.tracker.changed.items():
            self.loaded[started] = msgspec.structs.replace(one)
        self.tracker.changed = {}

    def restart(self) -> None:
        written = msgspec.json.encode(self.tracker.known)
        self.tracker = Tracker(self.tracker.machine, msgspec.json.decode(written, type=Known))

    def states(self) -> list[tuple[int, int | None, str, str]]:
        return [(one.started, one.ended, one.state, one.reason) for _, one in sorted(self.loaded.items())]


def test_a_state_ends_when_the_next_begins() -> None:
    life = Life()
    life.hear(10, S=1)
    life.hear(20, S=1)
    life.hear(30, S=2, R="jam")
    life.hear(40, S=9, R="")
    assert life.states() == [(10, 30, "production", ""), (30, 40, "down", "jam"), (40, None, "idle", "")]


def test_another_order_is_another_interval() -> None:
    life = Life()
    life.hear(10, S=1, O="A")
    life.hear(20, O="B")
    assert [(one.started, one.order) for one in life.loaded.values()] == [(10, "A"), (20, "B")]


def test_pieces_belong_to_what_was_until_they_were_counted() -> None:
    life = Life()
    life.hear(10, S=1, G=100, X=0)
    life.hear(20, G=103)
    life.hear(30, S=2, G=105, X=1)
    life.hear(40, G=105)
    assert [(one.good, one.scrap) for one in life.loaded.values()] == [(5, 1), (0, 0)]


@pytest.mark.parametrize(
    ("wraps_at", "readings", "pieces"),
    [(0, [250, 255, 4], 9), (256, [250, 255, 4], 10), (256, [100, 120, 3], 23), (0, [7, 7, 7], 0)],
    ids=["reset", "past its end", "reset though it could wrap", "nothing made"],
)
def test_a_counter_may_become_smaller(wraps_at: int, readings: list[int], pieces: int) -> None:
    life = Life(msgspec.structs.replace(MACHINE, wraps_at=wraps_at))
    for second, reading in enumerate(readings):
        life.hear(second, S=1, G=reading)
    assert sum(one.good for one in life.loaded.values()) == pieces


def test_what_a_device_kept_while_it_was_lost_fills_the_gap() -> None:
    life = Life()
    life.hear(10, S=1, G=0)
    life.lose(20)
    life.hear(60, S=1, G=8)
    life.hear(30, True, S=1, G=3)
    life.hear(45, True, S=2, R="jam")
    assert life.states() == [
        (10, 20, "production", ""), (20, 30, "idle", LOST), (30, 45, "production", ""), (45, 60, "down", "jam"),
        (60, None, "production", ""),
    ]  # fmt: skip
    assert sum(one.good for one in life.loaded.values()) == 8


@pytest.mark.parametrize("again", [lambda life: life.hear(10, S=2), lambda life: life.lose(70), Life.restart])
def test_what_is_late_or_said_twice_changes_nothing(again: Callable[[Life], None]) -> None:
    life = Life()
    life.hear(10, S=1)
    life.hear(50, S=2)
    life.lose(60)
    before = life.states()
    again(life)
    assert life.states() == before


def test_a_clock_ahead_counts_as_now() -> None:
    life = Life()
    life.hear(NOW + 86_400_000, S=1)
    assert list(life.loaded) == [NOW]


event = st.tuples(st.integers(1, 5), st.sampled_from([1, 2, 3]), st.integers(0, 4), st.booleans(), st.booleans())


@given(st.lists(event, max_size=30))
def test_intervals_cover_all_time_once_and_all_pieces_once(course: list[tuple[int, int, int, bool, bool]]) -> None:
    life, at, count, said = Life(), 0, 0, False
    for step, state, pieces, restarts, lost in course:
        at += step
        if lost:
            life.lose(at)
        else:
            count += pieces if said else 0
            said = True
            life.hear(at, S=state, G=count)
        if restarts:
            life.restart()
    known = [one for _, one in sorted(life.loaded.items())]
    for one, following in pairwise(known):
        assert one.ended == following.started
    assert all(one.ended is None for one in known[-1:])
    assert sum(one.good for one in known) == count
