"""Dense numbers for the names of users (and other kinds), so that bitmaps count people exactly."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from lopan.control.database import reading
from lopan.control.tables import identities
from lopan.errors import TryAgain

_CHUNK = 1_000
_ATTEMPTS = 10


class Identities:
    """``numbers`` behind a cache of at most ``limit`` names, those used last; safe from any thread."""

    def __init__(self, engine: Engine, limit: int = 1_000_000) -> None:
        self._engine = engine
        self._half = max(1, limit // 2)
        # Two generations: a full young one becomes the old one, and what is used again moves up.
        self._young: dict[tuple[str, str], int] = {}
        self._old: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def numbers(self, kind: str, names: Iterable[str]) -> dict[str, int]:
        """As the function ``numbers``; touches the database only for names it has not seen lately."""
        wanted = dict.fromkeys(names)
        with self._lock:
            found = {name: number for name in wanted if (number := self._recall((kind, name))) is not None}
        missing = [name for name in wanted if name not in found]
        if missing:
            fresh = numbers(self._engine, kind, missing)
            with self._lock:
                for name, number in fresh.items():
                    self._keep((kind, name), number)
            found |= fresh
        return found

    def __len__(self) -> int:
        """Names held, at most ``limit``; one in both generations counts twice."""
        return len(self._young) + len(self._old)

    def _recall(self, key: tuple[str, str]) -> int | None:
        number = self._young.get(key)
        if number is None and (number := self._old.get(key)) is not None:
            self._keep(key, number)
        return number

    def _keep(self, key: tuple[str, str], number: int) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = number


def numbers(engine: Engine, kind: str, names: Iterable[str]) -> dict[str, int]:
    """A UInt32 for each name: from 1, without gaps within ``kind``, durable on return, the same for ever.

    Rows are never deleted, for a number that came back would count a new person as an old one.
    Raises TryAgain when the database stays busy or its disk is full; no number is lost or given twice by that.
    """
    wanted = list(dict.fromkeys(names))
    with reading(engine) as connection:
        found = _stored(connection, kind, wanted)
    missing = [name for name in wanted if name not in found]
    for _attempt in range(_ATTEMPTS):
        if not missing:
            return found
        try:
            with engine.begin() as connection:
                given = _given(connection, kind, missing)
        except IntegrityError:
            # On PostgreSQL another process may have taken the same numbers; on SQLite the write lock rules it out.
            continue
        except OperationalError as error:
            raise TryAgain(f"the control database takes no new {kind} names: {error.orig}") from error
        return found | given
    raise TryAgain(f"too many processes give numbers to new {kind} names at once")


def _given(connection: Connection, kind: str, missing: list[str]) -> dict[str, int]:
    given = _stored(connection, kind, missing)
    new = [name for name in missing if name not in given]
    last = connection.scalar(select(func.max(identities.c.number)).where(identities.c.kind == kind)) or 0
    fresh = {name: number for number, name in enumerate(new, last + 1)}
    if fresh:
        rows = [{"kind": kind, "name": name, "number": number} for name, number in fresh.items()]
        connection.execute(insert(identities), rows)
    return given | fresh


def _stored(connection: Connection, kind: str, names: list[str]) -> dict[str, int]:
    stored: dict[str, int] = {}
    for chunk in _chunks(names):
        query = select(identities.c.name, identities.c.number)
        query = query.where(identities.c.kind == kind, identities.c.name.in_(chunk))
        stored.update((row.name, row.number) for row in connection.execute(query))
    return stored


def _chunks(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK))


def names(engine: Engine, kind: str, wanted: Iterable[int]) -> dict[int, str]:
    """The name of each number; a number that was never given is not there."""
    found: dict[int, str] = {}
    asked = sorted(set(wanted))
    with reading(engine) as connection:
        for start in range(0, len(asked), _CHUNK):
            query = select(identities.c.number, identities.c.name)
            query = query.where(identities.c.kind == kind, identities.c.number.in_(asked[start : start + _CHUNK]))
            found.update((row.number, row.name) for row in connection.execute(query))
    return found
