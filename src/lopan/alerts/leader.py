"""Who may change alerts: the holder of the newest epoch, checked inside each transaction that writes.

A process that was stopped, replaced and woken again finds its epoch outdated and can't page anybody.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from lopan.control.alerting import alert_leader
from lopan.errors import GiveUp

_ROW = 1


def take(engine: Engine, now: datetime) -> int:
    """Become the leader; returns the new epoch and outdates every earlier one."""
    with engine.begin() as connection:
        found = connection.execute(
            select(alert_leader.c.epoch).where(alert_leader.c.id == _ROW).with_for_update()
        ).scalar_one_or_none()
        epoch = (found or 0) + 1
        if found is None:
            connection.execute(insert(alert_leader).values(id=_ROW, epoch=epoch, taken_at=now))
        else:
            connection.execute(update(alert_leader).where(alert_leader.c.id == _ROW).values(epoch=epoch, taken_at=now))
    return epoch


def check(connection: Connection, epoch: int) -> None:
    """Raise GiveUp unless ``epoch`` is the newest; holds for the rest of the transaction."""
    found = connection.execute(
        select(alert_leader.c.epoch).where(alert_leader.c.id == _ROW).with_for_update()
    ).scalar_one_or_none()
    if found != epoch:
        raise GiveUp("another Lopan has taken over the alerts of this data directory; stop one of the two")
