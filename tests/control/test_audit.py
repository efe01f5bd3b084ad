from __future__ import annotations

import pytest
from sqlalchemy import Engine

from lopan.clock import Clock
from lopan.control import audit


def test_newest_first_page_by_page(engine: Engine, clock: Clock) -> None:
    with engine.begin() as connection:
        for number in range(5):
            audit.record(connection, "ann", "key.revoke", str(number), clock=clock)
    first = audit.entries(engine, limit=3)
    assert [entry.subject for entry in first] == ["4", "3", "2"]
    assert [entry.subject for entry in audit.entries(engine, limit=3, before=first[-1].id)] == ["1", "0"]
    assert {entry.at for entry in first} == {clock.now()}


def test_an_act_that_fails_leaves_no_entry(engine: Engine) -> None:
    def act() -> None:
        with engine.begin() as connection:
            audit.record(connection, "ann", "key.revoke", "1")
            raise KeyError

    with pytest.raises(KeyError):
        act()
    assert audit.entries(engine) == []


def test_long_texts_are_cut_to_their_columns(engine: Engine) -> None:
    with engine.begin() as connection:
        audit.record(connection, "a" * 999, "user.add", "s" * 999, "d" * 9999)
    (entry,) = audit.entries(engine)
    assert (len(entry.actor), len(entry.subject), len(entry.detail)) == (254, 254, 1000)
