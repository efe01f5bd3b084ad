"""What pages and the API show: active alerts, past ones, one with everything that happened, and the channels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, Select, select

from lopan.control.alerting import alert_channels, alert_events, alerts, delivery_attempts, outbox
from lopan.control.database import reading
from lopan.errors import Rejected

MOST = 500
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Attempt(msgspec.Struct, frozen=True):
    """One try to send; ``outcome``: sending, sent, retry, refused or uncertain."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    detail: str


class Delivery(msgspec.Struct, frozen=True):
    """One message; ``state``: waiting, claimed, sent, failed or dropped; ``note`` says why, ``next_at`` when again."""

    channel: str
    kind: str
    state: str
    note: str
    created_at: datetime
    done_at: datetime | None
    next_at: datetime | None
    attempts: tuple[Attempt, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """One line of an alert's history, with the figure that led to it."""

    at: datetime
    kind: str
    state: str
    severity: str
    reason: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    threshold: float


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; ``value``, ``low``, ``high`` and ``threshold`` in ``unit``, ``window_s`` in seconds.

    ``state``: pending, firing, recovering, resolved, or cancelled (it never fired). ``group`` decides who may see it.
    """

    id: int
    rule: str
    title: str
    kpi: str
    group: str
    severity: str
    state: str
    reason: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    decimals: int
    op: str
    threshold: float
    window_s: int
    definition: str
    playbook: str
    labels: dict[str, str]
    started_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    updated_at: datetime
    deliveries: tuple[Delivery, ...] = ()
    events: tuple[Event, ...] = ()


class ChannelView(msgspec.Struct, frozen=True):
    """Health of a channel that was used: dead since its receiver refused a message for good, until one gets through."""

    name: str
    kind: str
    dead_since: datetime | None
    last_sent_at: datetime | None
    note: str


def active(engine: Engine, groups: Collection[str]) -> list[AlertView]:
    """Open alerts of these access groups: critical first, then the oldest."""
    wanted = select(alerts).where(alerts.c.closed_at.is_(None), alerts.c.access_group.in_(groups))
    views = _views(engine, wanted)
    order = {"firing": 0, "recovering": 1, "pending": 2}
    rank = {"critical": 0, "warning": 1, "info": 2}
    return sorted(views, key=lambda view: (view.state == "pending", rank[view.severity], order[view.state], view.id))


def recent(engine: Engine, groups: Collection[str], limit: int = 50, before: int | None = None) -> list[AlertView]:
    """Closed alerts that had fired, newest first; ``before`` is the id of the last one of the page before."""
    wanted = select(alerts).where(
        alerts.c.closed_at.is_not(None), alerts.c.fired_at.is_not(None), alerts.c.access_group.in_(groups)
    )
    if before is not None:
        wanted = wanted.where(alerts.c.id < before)
    return _views(engine, wanted.order_by(alerts.c.id.desc()).limit(max(1, min(limit, MOST))))


def one(engine: Engine, number: int) -> AlertView:
    """An alert with its history, deliveries and their attempts. Raises Rejected when there is none of that id."""
    with reading(engine) as connection:
        row = connection.execute(select(alerts).where(alerts.c.id == number)).mappings().first()
        if row is None:
            raise Rejected("id", f"there is no alert {number}; GET /api/v1/alerts lists them")
        lines = select(alert_events).where(alert_events.c.alert_id == number).order_by(alert_events.c.sequence)
        events = tuple(_pick(Event, line) for line in connection.execute(lines).mappings())
        deliveries = _deliveries(connection, [number], attempts=True)
    return _view(row, deliveries.get(number, ()), events)


def channels(engine: Engine) -> list[ChannelView]:
    """Every channel a message was sent to, by name."""
    with reading(engine) as connection:
        rows = connection.execute(select(alert_channels).order_by(alert_channels.c.name)).mappings()
        return [_pick(ChannelView, row) for row in rows]


def _views(engine: Engine, wanted: Select[Any]) -> list[AlertView]:
    with reading(engine) as connection:
        rows = connection.execute(wanted).mappings().all()
        deliveries = _deliveries(connection, [row["id"] for row in rows], attempts=False)
    return [_view(row, deliveries.get(row["id"], ())) for row in rows]


def _deliveries(connection: Connection, ids: Sequence[int], *, attempts: bool) -> dict[int, tuple[Delivery, ...]]:
    found: dict[int, tuple[Delivery, ...]] = {}
    wanted = select(outbox).where(outbox.c.alert_id.in_(ids)).order_by(outbox.c.id)
    for row in connection.execute(wanted).mappings().all():
        tries = _attempts(connection, row["id"]) if attempts else ()
        delivery = Delivery(
            channel=row["channel"],
            kind=row["kind"],
            state=row["state"],
            note=row["note"],
            created_at=row["created_at"],
            done_at=row["done_at"],
            next_at=row["next_at"] if row["state"] == "waiting" else None,
            attempts=tries,
        )
        found[row["alert_id"]] = (*found.get(row["alert_id"], ()), delivery)
    return found


def _attempts(connection: Connection, message: int) -> tuple[Attempt, ...]:
    wanted = select(delivery_attempts).where(delivery_attempts.c.outbox_id == message)
    rows = connection.execute(wanted.order_by(delivery_attempts.c.number)).mappings()
    return tuple(_pick(Attempt, row) for row in rows)


def _view(row: RowMapping, deliveries: tuple[Delivery, ...], events: tuple[Event, ...] = ()) -> AlertView:
    values: dict[str, Any] = {name: row[name] for name in AlertView.__struct_fields__ if name in row}
    labels = msgspec.json.decode(row["labels"], type=dict[str, str])
    values |= {"group": row["access_group"], "labels": labels, "deliveries": deliveries, "events": events}
    return AlertView(**values)


def _pick(view: type[_Struct], row: RowMapping) -> _Struct:
    return view(**{name: row[name] for name in view.__struct_fields__})
