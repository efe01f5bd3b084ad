from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, select, update

from lopan.control import audit, sessions, users
from lopan.control.database import reading
from lopan.control.principal import Principal
from lopan.control.tables import users as table
from lopan.errors import Rejected

PRODUCTION = users._hashes
pytestmark = pytest.mark.usefixtures("quick_hashing")
PASSWORD = "a quiet harbour"
ANN = Principal("ann@example.org", frozenset({"technical"}))


def hash_of(engine: Engine) -> str:
    with reading(engine) as connection:
        return str(connection.scalar(select(table.c.password)))


@pytest.fixture
def ann(engine: Engine) -> Principal:
    return users.add(engine, "ann@example.org", PASSWORD, ["technical"])


@pytest.mark.parametrize(
    ("email", "password", "found"),
    [
        ("ann@example.org", PASSWORD, ANN),
        (" Ann@Example.ORG ", PASSWORD, ANN),
        ("ann@example.org", PASSWORD.upper(), None),
        ("ann@example.org", "", None),
        ("ann@example.org", "x" * 2_000_000, None),
        ("bob@example.org", PASSWORD, None),
        ("' OR 1=1 --", PASSWORD, None),
        ("", "", None),
    ],
    ids=["right", "e-mail in any case", "wrong case", "empty", "huge", "unknown", "sql", "nothing"],
)
def test_check(engine: Engine, ann: Principal, email: str, password: str, found: Principal | None) -> None:
    assert users.check(engine, email, password) == found


def test_an_unknown_email_costs_the_same_work(engine: Engine, ann: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    verify = Argon2Hasher.verify

    def counting(self: Argon2Hasher, password: str | bytes, stored: str | bytes) -> bool:
        hashed.append(str(stored).rpartition("$")[0].rpartition("$")[0])
        return verify(self, password, stored)

    monkeypatch.setattr(Argon2Hasher, "verify", counting)
    assert users.check(engine, "ann@example.org", "wrong password") is None
    assert users.check(engine, "bob@example.org", "wrong password") is None
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


def test_the_password_is_stored_as_argon2_only(engine: Engine, ann: Principal, tmp_path: Path) -> None:
    assert hash_of(engine).startswith("$argon2id$v=19$")
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))


def test_hashing_costs_an_attacker_at_least_what_owasp_asks() -> None:
    memory, rounds = re.findall(r"\$m=(\d+),t=(\d+),", PRODUCTION.hash(PASSWORD))[0]
    assert int(memory) >= 19 * 1024
    assert int(rounds) >= 2


def test_an_old_hash_is_renewed_at_the_next_sign_in(engine: Engine, ann: Principal) -> None:
    weak = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=32)]).hash(PASSWORD)
    with engine.begin() as connection:
        connection.execute(update(table).values(password=weak))
    assert users.check(engine, ANN.name, "wrong password") is None
    assert hash_of(engine) == weak
    assert users.check(engine, ANN.name, PASSWORD) == ANN
    assert hash_of(engine) != weak
    assert users.check(engine, ANN.name, PASSWORD) == ANN


@pytest.mark.parametrize(
    ("email", "password", "levels", "place"),
    [
        ("bob", PASSWORD, ["technical"], "email"),
        ("bob@ex ample.org", PASSWORD, ["technical"], "email"),
        ("b\x00b@example.org", PASSWORD, ["technical"], "email"),
        ("b" * 251 + "@b.c", PASSWORD, ["technical"], "email"),
        ("ANN@example.org", PASSWORD, ["technical"], "email"),
        ("bob@example.org", "ninechars", ["technical"], "password"),
        ("bob@example.org", "x" * 1_001, ["technical"], "password"),
        ("bob@example.org", PASSWORD, ["root"], "level"),
    ],
    ids=["no at", "space", "nul", "long", "taken", "9 characters", "1001 characters", "level"],
)
def test_add_refuses(engine: Engine, ann: Principal, email: str, password: str, levels: list[str], place: str) -> None:
    with pytest.raises(Rejected) as caught:
        users.add(engine, email, password, levels)
    assert caught.value.place == place
    assert [person.email for person in users.listing(engine)] == ["ann@example.org"]


@pytest.mark.parametrize(
    ("levels", "admin", "expected"),
    [
        (["executive", "operational"], None, Principal(ANN.name, frozenset({"executive", "operational"}))),
        ([], None, Principal(ANN.name)),
        (None, True, Principal(ANN.name, frozenset({"technical"}), admin=True)),
        (None, False, ANN),
        (["executive"], True, Principal(ANN.name, frozenset({"executive"}), admin=True)),
    ],
    ids=["levels", "no level", "admin", "same", "both"],
)
def test_change(
    engine: Engine, ann: Principal, levels: list[str] | None, admin: bool | None, expected: Principal
) -> None:
    secret = sessions.open(engine, ann)
    assert users.change(engine, "Ann@example.org", levels, admin) == expected
    assert sessions.find(engine, secret) == expected
    (listed,) = users.listing(engine)
    assert (listed.levels, listed.admin) == (expected.levels, expected.admin)


def test_an_unknown_level_changes_nothing(engine: Engine, ann: Principal) -> None:
    with pytest.raises(Rejected, match="level"):
        users.change(engine, ANN.name, ["root"], admin=True)
    assert users.check(engine, ANN.name, PASSWORD) == ANN


def test_a_new_password_ends_every_session(engine: Engine, ann: Principal) -> None:
    bob = users.add(engine, "bob@example.org", PASSWORD, [])
    of_ann, of_bob = sessions.open(engine, ann), sessions.open(engine, bob)
    users.set_password(engine, ANN.name, "another harbour")
    assert users.check(engine, ANN.name, PASSWORD) is None
    assert users.check(engine, ANN.name, "another harbour") == ANN
    assert sessions.find(engine, of_ann) is None
    assert sessions.find(engine, of_bob) == bob


def test_remove_ends_everything_but_the_audit_log(engine: Engine, ann: Principal) -> None:
    secret = sessions.open(engine, ann)
    users.remove(engine, ANN.name, "root")
    assert users.listing(engine) == []
    assert users.check(engine, ANN.name, PASSWORD) is None
    assert sessions.find(engine, secret) is None
    assert [(entry.actor, entry.action) for entry in audit.entries(engine)] == [
        ("root", "user.remove"),
        ("ann@example.org", "session.open"),
        ("system", "user.add"),
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda engine: users.change(engine, "bob@example.org", ["technical"]),
        lambda engine: users.set_password(engine, "bob@example.org", PASSWORD),
        lambda engine: users.remove(engine, "bob@example.org"),
    ],
    ids=["change", "set_password", "remove"],
)
def test_acts_on_unknown_people_say_so(engine: Engine, act: Callable[[Engine], object]) -> None:
    with pytest.raises(Rejected, match=r"no user bob@example\.org; `lopan users list`"):
        act(engine)
    assert audit.entries(engine) == []
