from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, func, insert, select

from lopan.control import sessions
from lopan.control.database import reading
from lopan.control.principal import Principal
from lopan.control.tables import users, web_sessions
from lopan.errors import Rejected

if TYPE_CHECKING:
    from tests.conftest import ManualClock

DAY = 86_400.0
ANN = Principal("ann@example.org")


@pytest.fixture(autouse=True)
def ann(engine: Engine, clock: ManualClock) -> None:
    with engine.begin() as connection:
        row = {"email": ANN.name, "password": "-", "created_at": clock.now()}
        connection.execute(insert(users).values(row))


def test_a_secret_finds_its_holder(engine: Engine, clock: ManualClock) -> None:
    one, two = sessions.open(engine, ANN, clock), sessions.open(engine, ANN, clock)
    assert one != two
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", one)
    assert sessions.find(engine, one, clock) == sessions.find(engine, two, clock) == ANN


@pytest.mark.parametrize("wrong", ["", "x" * 43, "\ud800", "é" * 43], ids=repr)
def test_other_secrets_find_nobody(engine: Engine, clock: ManualClock, wrong: str) -> None:
    sessions.open(engine, ANN, clock)
    assert sessions.find(engine, wrong, clock) is None


@pytest.mark.parametrize(
    ("visits", "alive"),
    [
        ([13.99], True),
        ([14.0], False),
        ([14.01], False),
        ([13, 13, 13, 13.9], True),
        ([13, 14.0], False),
        ([0.05, 13.99], True),
        ([0.05, 14.0], False),
    ],
    ids=str,
)
def test_it_lasts_14_days_after_the_last_visit(
    engine: Engine, clock: ManualClock, visits: list[float], alive: bool
) -> None:
    secret = sessions.open(engine, ANN, clock)
    for days in visits[:-1]:
        clock.move(days * DAY)
        assert sessions.find(engine, secret, clock) == ANN
    clock.move(visits[-1] * DAY)
    assert (sessions.find(engine, secret, clock) == ANN) is alive


def test_visits_within_an_hour_write_nothing(engine: Engine, clock: ManualClock) -> None:
    def end() -> object:
        with reading(engine) as connection:
            return connection.scalar(select(web_sessions.c.expires_at))

    secret, began = sessions.open(engine, ANN, clock), end()
    clock.move(3_600)
    sessions.find(engine, secret, clock)
    assert end() == began
    clock.move(1)
    sessions.find(engine, secret, clock)
    assert end() == clock.now() + sessions.LIFETIME


def test_closing_ends_one_session(engine: Engine, clock: ManualClock) -> None:
    one, two = sessions.open(engine, ANN, clock), sessions.open(engine, ANN, clock)
    sessions.close(engine, one)
    sessions.close(engine, one)
    assert sessions.find(engine, one, clock) is None
    assert sessions.find(engine, two, clock) == ANN


def test_sessions_that_are_over_are_swept(engine: Engine, clock: ManualClock) -> None:
    for _ in range(3):
        sessions.open(engine, ANN, clock)
    clock.move(14 * DAY)
    sessions.open(engine, ANN, clock)
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(web_sessions)) == 1


def test_somebody_removed_meanwhile_gets_none(engine: Engine, clock: ManualClock) -> None:
    with pytest.raises(Rejected, match="no longer"):
        sessions.open(engine, Principal("bob@example.org"), clock)


def test_only_a_hash_is_stored(engine: Engine, clock: ManualClock, tmp_path: Path) -> None:
    secret = sessions.open(engine, ANN, clock)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))
    assert ANN.name.encode() in stored
    assert secret[:8].encode() not in stored
