"""Tables of alerting: one row an alert, its history, and the messages that must go out because of it.

An alert, its history row and its outbox rows are written in one transaction, so a page can't get lost between them.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from lopan.control.tables import Moment, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("labels", Text, nullable=False),
    Column("title", String(200), nullable=False),
    Column("kpi", String(64), nullable=False),
    Column("access_group", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("n", Integer, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("op", String(2), nullable=False),
    Column("threshold", Float, nullable=False),
    Column("window_s", Integer, nullable=False),
    Column("definition", Text, nullable=False),
    Column("playbook", String(64), nullable=False),
    Column("latches", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("fired_at", Moment),
    Column("resolved_at", Moment),
    Column("closed_at", Moment),
    Column("updated_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

open_alert = Index(
    "uq_alerts_open",
    alerts.c.rule,
    alerts.c.fingerprint,
    unique=True,
    sqlite_where=alerts.c.closed_at.is_(None),
    postgresql_where=alerts.c.closed_at.is_(None),
)
recent_alert = Index("ix_alerts_closed_at", alerts.c.closed_at, alerts.c.id)

alert_events = Table(
    "alert_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("n", Integer, nullable=False),
    Column("threshold", Float, nullable=False),
    UniqueConstraint("alert_id", "sequence"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(32), nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("note", Text, nullable=False),
    UniqueConstraint("alert_id", "sequence", "channel"),
    sqlite_autoincrement=True,
)
due_message = Index("ix_outbox_due", outbox.c.channel, outbox.c.state, outbox.c.priority, outbox.c.id)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("outbox_id", ForeignKey("outbox.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("outbox_id", "number"),
)

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("dead_since", Moment),
    Column("last_sent_at", Moment),
    Column("note", Text, nullable=False),
)

alert_leader = Table(
    "alert_leader",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("taken_at", Moment, nullable=False),
)
