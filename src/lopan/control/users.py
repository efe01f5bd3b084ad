"""People who may sign in: e-mail, argon2 hash, levels, and administration as a permission of its own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import cache

import msgspec
from pwdlib import PasswordHash
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.principal import Principal, known_levels
from lopan.control.tables import user_levels, users, web_sessions
from lopan.errors import Rejected

MIN_PASSWORD = 10
_MAX_PASSWORD = 1000
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_hashes = PasswordHash.recommended()


class User(msgspec.Struct, frozen=True):
    """A person as listed."""

    email: str
    levels: frozenset[str]
    admin: bool
    created_at: datetime


def add(
    engine: Engine,
    email: str,
    password: str,
    levels: Iterable[str],
    admin: bool = False,
    actor: str = "system",
    clock: Clock = SYSTEM,
) -> Principal:
    """Let a new person sign in; Rejected for a taken or malformed e-mail, a weak password, an unknown level."""
    address = _address(email)
    principal = Principal(address, known_levels(levels), admin)
    row = {"email": address, "password": _hash(password), "admin": admin, "created_at": clock.now()}
    try:
        with engine.begin() as connection:
            number = connection.execute(insert(users).values(row).returning(users.c.id)).scalar_one()
            _grant(connection, number, principal.levels)
            audit.record(connection, actor, "user.add", address, _rights(principal), clock)
    except IntegrityError:
        raise Rejected("email", f"{address} exists already; `lopan users change` alters what they may see") from None
    return principal


def check(engine: Engine, email: str, password: str) -> Principal | None:
    """The person with that password, else None after the same work, whether or not the e-mail is known."""
    decoy = _decoy()
    if len(password) > _MAX_PASSWORD:
        return None
    with reading(engine) as connection:
        row = connection.execute(select(users).where(users.c.email == email.strip().lower())).one_or_none()
        levels = _levels(connection, row.id) if row is not None else frozenset()
    right, better = _hashes.verify_and_update(password, row.password if row is not None else decoy)
    if row is None or not right:
        return None
    if better is not None:
        with engine.begin() as connection:
            same = (users.c.id == row.id) & (users.c.password == row.password)
            connection.execute(update(users).where(same).values(password=better))
    return Principal(row.email, levels, row.admin)


def change(
    engine: Engine,
    email: str,
    levels: Iterable[str] | None = None,
    admin: bool | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM,
) -> Principal:
    """Replace the levels, the administration permission or both; in force within 5 s, sessions stay open."""
    wanted = None if levels is None else known_levels(levels)
    with engine.begin() as connection:
        number = _number(connection, email)
        if admin is not None:
            connection.execute(update(users).where(users.c.id == number).values(admin=admin))
        if wanted is not None:
            connection.execute(delete(user_levels).where(user_levels.c.user_id == number))
            _grant(connection, number, wanted)
        row = connection.execute(select(users.c.email, users.c.admin).where(users.c.id == number)).one()
        principal = Principal(row.email, _levels(connection, number), row.admin)
        audit.record(connection, actor, "user.change", row.email, _rights(principal), clock)
    return principal


def set_password(engine: Engine, email: str, password: str, actor: str = "system", clock: Clock = SYSTEM) -> None:
    """Replace the password and end every session of that person."""
    hashed = _hash(password)
    with engine.begin() as connection:
        number = _number(connection, email)
        connection.execute(update(users).where(users.c.id == number).values(password=hashed))
        connection.execute(delete(web_sessions).where(web_sessions.c.user_id == number))
        audit.record(connection, actor, "user.password", _address(email), clock=clock)


def remove(engine: Engine, email: str, actor: str = "system", clock: Clock = SYSTEM) -> None:
    """Delete the person with their levels and sessions; the audit log keeps what they did."""
    with engine.begin() as connection:
        connection.execute(delete(users).where(users.c.id == _number(connection, email)))
        audit.record(connection, actor, "user.remove", _address(email), clock=clock)


def named(engine: Engine, email: str) -> Principal:
    """The person of that e-mail, for whoever need not prove to be it; Rejected when there is none."""
    with reading(engine) as connection:
        number = _number(connection, email)
        row = connection.execute(select(users.c.email, users.c.admin).where(users.c.id == number)).one()
        return Principal(row.email, _levels(connection, number), row.admin)


def listing(engine: Engine) -> list[User]:
    """All people by e-mail."""
    with reading(engine) as connection:
        rows = connection.execute(select(users).order_by(users.c.email)).all()
        return [User(row.email, _levels(connection, row.id), row.admin, row.created_at) for row in rows]


def _address(email: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise Rejected("email", f"{email!r} is not an e-mail address")
    return address


def _number(connection: Connection, email: str) -> int:
    number: int | None = connection.scalar(select(users.c.id).where(users.c.email == _address(email)))
    if number is None:
        raise Rejected("email", f"there is no user {email}; `lopan users list` shows them")
    return number


def _levels(connection: Connection, number: int) -> frozenset[str]:
    return frozenset(connection.scalars(select(user_levels.c.level).where(user_levels.c.user_id == number)))


def _grant(connection: Connection, number: int, levels: frozenset[str]) -> None:
    if levels:
        connection.execute(insert(user_levels), [{"user_id": number, "level": level} for level in levels])


def _rights(principal: Principal) -> str:
    return ", ".join([*sorted(principal.levels), *(["administration"] if principal.admin else [])])


def _hash(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        raise Rejected("password", f"it needs {MIN_PASSWORD} to {_MAX_PASSWORD} characters; a sentence is fine")
    return _hashes.hash(password)


@cache
def _decoy() -> str:
    return _hashes.hash(secrets.token_hex(16))
