"""What a demo directory remembers: its seed, its key, its people's passwords, and how far its events reach."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from pathlib import Path

import msgspec

from lopan.control import keys, tokens, users
from lopan.control.database import FILE as CONTROL
from lopan.control.database import open_database
from lopan.errors import ConfigError

FILE = "demo.json"
PROJECT = "app"
LEVELS = ("technical", "executive", "operational", "customerSuccess")
ADMINISTRATORS = ("technical@demo.example", "controller@demo.example")
"""Two, as what one froze another has to approve; the second is an executive, too."""


class Account(msgspec.Struct, frozen=True):
    """A log-in that is printed at every start: only a demo may keep a password in clear."""

    email: str
    password: str
    level: str
    admin: bool = False


class State(msgspec.Struct):
    """``until`` is the time up to which the store has the fleet's events, ``told`` that of the business facts.

    None before the first history is complete. ``scale`` multiplies the business.
    """

    seed: int
    people: int
    anchor: date
    accounts: list[Account]
    key: str = ""
    project: int = 0
    until: datetime | None = None
    scale: int = 1
    told: datetime | None = None
    token: str = ""

    def save(self, root: Path) -> None:
        """Replace ``root/demo.json``, readable by its owner only."""
        fresh = root / f"{FILE}.new"
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2))
        fresh.replace(root / FILE)


def find(root: Path) -> State | None:
    """The state of the demo in ``root``, None when there is nothing yet; real data there is a ConfigError."""
    path = root / FILE
    if path.is_file():
        try:
            return msgspec.json.decode(path.read_bytes(), type=State)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path}: {error}; delete {root} to begin a new demo") from None
    if (root / CONTROL).is_file():
        raise ConfigError(f"{root} holds data that is not a demo's; give another directory with --data")
    return None


def begin(root: Path, seed: int, people: int, anchor: date, scale: int = 1) -> State:
    """A new demo; an interrupted ``begin`` is finished by the next ``complete``."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    levels = {f"{level.lower()}@demo.example": level for level in LEVELS} | {ADMINISTRATORS[1]: "executive"}
    accounts = [_account(email, level) for email, level in levels.items()]
    state = State(seed, people, anchor, accounts, scale=scale)
    state.save(root)
    return state


def complete(root: Path, state: State) -> None:
    """Make what is missing in the database: the project ``app`` with a key, a token for facts, its people."""
    engine = open_database(root)
    try:
        known = {user.email for user in users.listing(engine)}
        for account in state.accounts:
            if account.email not in known:
                users.add(engine, account.email, account.password, [account.level], account.admin, "lopan demo")
        if not state.key:
            new = keys.create(engine, PROJECT, "lopan demo")
            state.key, state.project = new.key, new.project_id
            state.save(root)
        if not state.token:
            state.token = tokens.create(engine, [], "demo", "lopan demo", feeds=True)
            state.save(root)
    finally:
        engine.dispose()


def _account(email: str, level: str) -> Account:
    return Account(email, secrets.token_urlsafe(9), level, email in ADMINISTRATORS)
