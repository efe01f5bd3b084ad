"""A password is nowhere to be read: not in errors, not in the state, not on disk, not in what the engine runs."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests import servers
from tests.connect.sql.test_pull import MAPPING, connection_to
from tests.house import House

from lopan.connect import mapping as mappings
from lopan.connect.sql import probe
from lopan.connect.sql.database import database
from lopan.connect.sql.follow import Follow
from lopan.control import pulls
from lopan.errors import ConfigError, GiveUp, TryAgain
from lopan.store.remote import told

SECRET = "wrong-secret-9"


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> servers.Database:
    found: servers.Database = request.getfixturevalue(request.param)
    return found


def follow(house: House, server: servers.Database, **more: Any) -> Follow:
    connection = connection_to(server, mappings=["shop"], **more)
    known = {"shop": mappings.parse(MAPPING, "shop")}
    asking = ThreadPoolExecutor(1)
    return Follow(house.engine, house.store, house.loader, house.clock, connection, known, "UTC", asking)


@pytest.mark.parametrize("port", [None, 1], ids=["refused", "nobody there"])
def test_an_error_does_not_hold_it(
    house: House, server: servers.Database, caplog: pytest.LogCaptureFixture, port: int | None
) -> None:
    caplog.set_level(logging.DEBUG)
    more = {"port": port} if port else {}
    (outcome,) = house.run(follow(house, server, password=SECRET, **more).round).values()
    assert isinstance(outcome, TryAgain)
    state = pulls.get(house.engine, "shop", "shop")
    assert state.error
    assert SECRET not in f"{outcome} {state} {caplog.text}"


def test_a_mistake_in_the_sql_does_not_hold_it(house: House, server: servers.Database) -> None:
    asked = database(house.store, connection_to(server))
    with pytest.raises(TryAgain) as caught:
        house.run(asked.columns, "SELECT nothing_there")
    assert "nothing_there" in str(caught.value)
    assert servers.PASSWORD not in f"{caught.value!r} {caught.value}"


def test_nothing_on_disk_holds_it(house: House, server: servers.Database) -> None:
    asked = database(house.store, connection_to(server))
    house.run(asked.check)
    for path in (house.root / "store").rglob("*"):
        assert not path.is_file() or servers.PASSWORD.encode() not in path.read_bytes(), path


def test_what_a_server_says_is_cleared_of_it() -> None:
    assert told(f"Code: 614. DB::Exception: no {SECRET} (SOME_CODE)", SECRET) == "no ***"


def test_the_user_can_only_read(house: House, server: servers.Database) -> None:
    server.run("DROP TABLE IF EXISTS kept; CREATE TABLE kept (id integer); INSERT INTO kept VALUES (17)")
    asked = database(house.store, connection_to(server, user="lopan"))
    for statement in ("DELETE FROM kept", "SELECT 1 AS a; DELETE FROM kept"):
        with pytest.raises(TryAgain):
            house.run(lambda given=statement: list(asked.read(given, {"id": "whole"})))
    assert "17" in server.run("SELECT id FROM kept")


def test_a_shift_of_times_is_refused_with_its_size() -> None:
    probe.compare("erp", probe.ZONED, probe.ZONED)
    with pytest.raises(GiveUp, match=r"erp: times .* shifted by \+2:00:00, so nothing was pulled"):
        probe.compare("erp", probe.ZONED + timedelta(hours=2), probe.ZONED)
    with pytest.raises(GiveUp, match=r"shifted by -1:00:00"):
        probe.compare("erp", probe.NAIVE - timedelta(hours=1), probe.NAIVE)


def test_the_probe_sees_that_the_engine_would_shift_a_time(house: House, postgresql: servers.Database) -> None:
    """Without ``AT TIME ZONE`` the server's own zone comes out, here that of Berlin."""
    from lopan.connect.sql import postgresql as module

    asked = database(house.store, connection_to(postgresql))
    house.run(asked.check)
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "_expression", lambda name, kind: f'"{name}"')
    try:
        with pytest.raises(GiveUp, match=r"shifted by \+2:00:00"):
            house.run(database(house.store, connection_to(postgresql)).check)
    finally:
        patch.undo()


def test_a_timestamp_of_mysql_is_refused_where_it_would_be_shifted(house: House, mariadb: servers.Database) -> None:
    mariadb.run("DROP TABLE IF EXISTS stamped; CREATE TABLE stamped (id int, happened timestamp)")
    asked = database(house.store, connection_to(mariadb))
    with pytest.raises(GiveUp, match=r"stamped.happened is a TIMESTAMP.*\+2 h.*CONVERT_TZ"):
        house.run(asked.columns, "SELECT id, happened FROM stamped")
    zoned = "SELECT id, CONVERT_TZ(happened, @@session.time_zone, '+00:00') AS happened_utc FROM stamped"
    assert house.run(asked.columns, zoned)["happened_utc"] == "naive"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mappings": ["nonsense"]}, "there is no mapping 'nonsense'"),
        ({"mappings": []}, "give a preset or mappings"),
        ({"password": "env:NOT_THERE"}, "NOT_THERE is not set"),
        ({"tls": True, "kind": "mysql"}, "tls is there for PostgreSQL only"),
    ],
)
def test_settings_that_can_not_be_are_refused_at_once(house: House, changed: dict[str, Any], said: str) -> None:
    connection = msgspec.structs.replace(
        connection_to(servers.Database("postgresql", 1, [], ""), mappings=["shop"]), **changed
    )
    known = {"shop": mappings.parse(MAPPING, "shop")}
    with ThreadPoolExecutor(1) as asking, pytest.raises(ConfigError, match=said):
        Follow(house.engine, house.store, house.loader, house.clock, connection, known, "UTC", asking)
