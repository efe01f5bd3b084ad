"""API tokens: read access by machine, at the levels given and never with administration; some may write.

What they may write is annotations on charts, or business facts; a token that only writes facts needs no level.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from sqlalchemy import Engine, insert, select, update

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.principal import Principal, known_levels
from lopan.control.secret import Issued, digest
from lopan.control.tables import api_tokens, token_levels
from lopan.errors import Rejected

PREFIX = "lpt_"
_SHAPE = re.compile(r"lpt_[A-Za-z0-9_-]{43}")


def create(
    engine: Engine,
    levels: Iterable[str],
    name: str = "api",
    actor: str = "system",
    clock: Clock = SYSTEM,
    *,
    annotates: bool = False,
    feeds: bool = False,
) -> str:
    """A new token of 256 random bits, known only to the caller; Rejected for an unknown level, or nothing it may do."""
    granted = known_levels(levels)
    if not granted and not feeds:
        raise Rejected("level", "a token without a level could read nothing; give at least one, or let it write facts")
    if not name.isprintable() or not 1 <= len(name) <= 64:
        raise Rejected("name", "a token's name has 1 to 64 printable characters")
    token = PREFIX + secrets.token_urlsafe(32)
    row = {"name": name, "hash": digest(token), "hint": token[:8], "created_at": clock.now()}
    row |= {"annotates": annotates, "feeds": feeds}
    with engine.begin() as connection:
        number = connection.execute(insert(api_tokens).values(row).returning(api_tokens.c.id)).scalar_one()
        if granted:
            connection.execute(insert(token_levels), [{"token_id": number, "level": level} for level in granted])
        rights = [*sorted(granted), *(["annotations"] if annotates else []), *(["facts"] if feeds else [])]
        audit.record(connection, actor, "token.create", name, ", ".join(rights), clock)
    return token


def verify(engine: Engine, token: str) -> Principal | None:
    """Whom ``token`` stands for; None when it is malformed, unknown or revoked."""
    if not _SHAPE.fullmatch(token):
        return None
    query = (
        select(api_tokens.c.name, api_tokens.c.annotates, api_tokens.c.feeds, token_levels.c.level)
        .outerjoin(token_levels, token_levels.c.token_id == api_tokens.c.id)
        .where(api_tokens.c.hash == digest(token), api_tokens.c.revoked_at.is_(None))
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    if not rows:
        return None
    levels = frozenset(row.level for row in rows if row.level is not None)
    return Principal(f"token {rows[0].name}", levels, annotates=rows[0].annotates, feeds=rows[0].feeds)


def listing(engine: Engine) -> list[Issued]:
    """All tokens with their levels, the revoked ones as well, by number."""
    names = ("id", "name", "hint", "created_at", "revoked_at", "annotates", "feeds")
    columns = [api_tokens.c[name] for name in names]
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).order_by(api_tokens.c.id)).mappings().all()
        levels: dict[int, set[str]] = {row["id"]: set() for row in rows}
        for number, level in connection.execute(select(token_levels.c.token_id, token_levels.c.level)):
            levels[number].add(level)
    return [Issued(**row, levels=frozenset(levels[row["id"]])) for row in rows]


def revoke(engine: Engine, number: int, actor: str = "system", clock: Clock = SYSTEM) -> None:
    """Refuse the token from now on; a number that is unknown or revoked already is Rejected."""
    change = update(api_tokens).where(api_tokens.c.id == number, api_tokens.c.revoked_at.is_(None))
    with engine.begin() as connection:
        if connection.execute(change.values(revoked_at=clock.now())).rowcount == 0:
            raise Rejected("token", f"there is no live token with number {number}; `lopan tokens list` shows them")
        audit.record(connection, actor, "token.revoke", str(number), clock=clock)
