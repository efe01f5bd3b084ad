"""Browser sessions: a random secret in a cookie, its hash here, good for 14 days after the last visit."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import Engine, delete, insert, select, update

from lopan.clock import SYSTEM, Clock
from lopan.control import audit
from lopan.control.database import reading
from lopan.control.principal import Principal
from lopan.control.secret import digest
from lopan.control.tables import user_levels, users, web_sessions
from lopan.errors import Rejected

LIFETIME = timedelta(days=14)
_RENEW_AFTER = timedelta(hours=1)


def open(engine: Engine, principal: Principal, clock: Clock = SYSTEM) -> str:  # noqa: A001 - read as sessions.open
    """A new session's secret, 43 URL-safe characters; Rejected when the person was removed meanwhile."""
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    with engine.begin() as connection:
        connection.execute(delete(web_sessions).where(web_sessions.c.expires_at <= now))
        number = connection.scalar(select(users.c.id).where(users.c.email == principal.name))
        if number is None:
            raise Rejected("email", f"{principal.name} may no longer sign in")
        row = {"hash": digest(secret), "user_id": number, "created_at": now, "expires_at": now + LIFETIME}
        connection.execute(insert(web_sessions).values(row))
        audit.record(connection, principal.name, "session.open", principal.name, clock=clock)
    return secret


def find(engine: Engine, secret: str, clock: Clock = SYSTEM) -> Principal | None:
    """Who holds ``secret``, with today's levels; None when it is unknown or over. A visit renews it, at most hourly."""
    key, now = digest(secret), clock.now()
    query = (
        select(web_sessions.c.expires_at, users.c.email, users.c.admin, user_levels.c.level)
        .join(users, users.c.id == web_sessions.c.user_id)
        .outerjoin(user_levels, user_levels.c.user_id == users.c.id)
        .where(web_sessions.c.hash == key, web_sessions.c.expires_at > now)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    if not rows:
        return None
    if now + LIFETIME - rows[0].expires_at > _RENEW_AFTER:
        with engine.begin() as connection:
            renewal = update(web_sessions).where(web_sessions.c.hash == key)
            connection.execute(renewal.values(expires_at=now + LIFETIME))
    return Principal(rows[0].email, frozenset(row.level for row in rows if row.level is not None), rows[0].admin)


def close(engine: Engine, secret: str) -> None:
    """End the session; one that is unknown or over already is no error."""
    with engine.begin() as connection:
        connection.execute(delete(web_sessions).where(web_sessions.c.hash == digest(secret)))
