"""The alerts in the control database: figures in, and in one transaction state, history and messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, insert, select, update

from lopan.alerts import leader, outbox
from lopan.alerts.dispatch import Dispatch
from lopan.alerts.rule import Rule, fingerprint
from lopan.alerts.state import Change, Latch, Standing, advance, changes, reason
from lopan.analytics.metric import Measure
from lopan.catalog.kpi import Kpi
from lopan.control.alerting import alert_events, alerts
from lopan.control.alerting import outbox as messages
from lopan.control.database import reading

REFRESH = timedelta(seconds=10)
_Row = Mapping[str, Any]


class Observation(msgspec.Struct, frozen=True):
    """What a rule's KPI measured ``at`` a moment, for one set of labels."""

    rule: Rule
    labels: dict[str, str]
    measure: Measure
    at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """Rule and fingerprint: what at most one open alert may have."""
        return self.rule.id, fingerprint(self.rule.id, self.labels)


class _Plan(msgspec.Struct, frozen=True):
    seen: Observation
    row: _Row | None
    after: Standing
    lines: list[Change]


class Registry:
    """All open alerts; ``apply`` is the only way in which one changes."""

    def __init__(self, engine: Engine, kpis: Mapping[str, Kpi], dispatch: Dispatch, epoch: int) -> None:
        self._engine = engine
        self._kpis = kpis
        self._dispatch = dispatch
        self._epoch = epoch

    def apply(self, seen: Sequence[Observation]) -> list[int]:
        """Advance the alerts of these observations; returns the ids of those whose row changed.

        Reads first without a lock, because nearly always nothing changes; raises GiveUp when fenced.
        """
        with reading(self._engine) as connection:
            if not any(_plans(connection, seen)):
                return []
        with self._engine.begin() as connection:
            leader.check(connection, self._epoch)
            return [self._write(connection, plan) for plan in list(_plans(connection, seen))]

    def labels(self, rule: str) -> list[dict[str, str]]:
        """Labels of the rule's open alerts, which are looked at even when no event bears them any more."""
        with reading(self._engine) as connection:
            found = connection.execute(
                select(alerts.c.labels).where(alerts.c.rule == rule, alerts.c.closed_at.is_(None))
            )
            return [msgspec.json.decode(text, type=dict[str, str]) for text in found.scalars()]

    def retire(self, rules: Sequence[Rule], now: datetime) -> list[int]:
        """Close open alerts whose rule, or the rule's severity, is gone from the settings; returns their ids."""
        known = {(rule.id, level.severity) for rule in rules for level in rule.levels}
        with self._engine.begin() as connection:
            leader.check(connection, self._epoch)
            rows = connection.execute(select(alerts).where(alerts.c.closed_at.is_(None))).mappings()
            gone = [dict(row) for row in rows if (row["rule"], row["severity"]) not in known]
            for row in gone:
                state = "cancelled" if row["fired_at"] is None else "resolved"
                self._finish(connection, row, state, now)
            return [row["id"] for row in gone]

    def _finish(self, connection: Connection, row: _Row, state: str, now: datetime) -> None:
        values = {"state": state, "reason": "manual", "closed_at": now, "updated_at": now}
        values |= {"resolved_at": now} if state == "resolved" else {}
        row = {**row, **values, "sequence": row["sequence"] + 1}
        self._save(connection, row)
        self._record(connection, row, state, now)

    def _write(self, connection: Connection, plan: _Plan) -> int:
        row = self._row(plan, plan.lines[-1] if plan.lines else None)
        lines = plan.lines
        row["sequence"] += len(lines)
        if plan.row is None:
            row["id"] = connection.execute(insert(alerts).values(**row).returning(alerts.c.id)).scalar_one()
        else:
            self._save(connection, row)
        for back, line in zip(range(len(lines) - 1, -1, -1), lines, strict=True):
            level = plan.seen.rule.levels[line.level]
            told = {"state": line.state, "severity": level.severity, "threshold": level.fire.value}
            self._record(connection, {**row, **told, "sequence": row["sequence"] - back}, line.kind, plan.seen.at)
        return int(row["id"])

    def _row(self, plan: _Plan, last: Change | None) -> dict[str, Any]:
        seen, before = plan.seen, plan.row
        row: dict[str, Any] = {**before} if before is not None else self._opened(seen)
        level = seen.rule.levels[last.level if last else plan.after.level]
        row |= {
            "severity": level.severity,
            "threshold": level.fire.value,
            "op": level.fire.op,
            "reason": reason(seen.rule, seen.measure),
            "latches": _stored(seen.rule, plan.after),
            "updated_at": seen.at,
            "value": seen.measure.value,
            "low": seen.measure.low,
            "high": seen.measure.high,
            "n": seen.measure.n,
        }
        if last is not None:
            row["state"] = last.state
            row["fired_at"] = row["fired_at"] or (
                seen.at if any(line.kind == "firing" for line in plan.lines) else None
            )
            row["resolved_at"] = seen.at if last.kind == "resolved" else None
            row["closed_at"] = seen.at if last.kind in ("resolved", "cancelled") else None
        return row

    def _opened(self, seen: Observation) -> dict[str, Any]:
        rule, kpi = seen.rule, self._kpis[seen.rule.kpi]
        return {
            "rule": rule.id,
            "fingerprint": seen.key[1],
            "labels": msgspec.json.encode(seen.labels, order="sorted").decode(),
            "title": rule.title,
            "kpi": kpi.id,
            "access_group": kpi.group,
            "unit": kpi.unit,
            "decimals": kpi.decimals,
            "window_s": rule.window_s,
            "definition": kpi.definition,
            "playbook": rule.playbook or kpi.playbook,
            "sequence": 0,
            "started_at": seen.at,
            "fired_at": None,
        }

    def _save(self, connection: Connection, row: _Row) -> None:
        connection.execute(update(alerts).where(alerts.c.id == row["id"]).values(**row))

    def _record(self, connection: Connection, row: _Row, kind: str, at: datetime) -> None:
        names = ("sequence", "state", "severity", "reason", "value", "low", "high", "n", "threshold")
        told = {name: row[name] for name in names}
        connection.execute(insert(alert_events).values(alert_id=row["id"], at=at, kind=kind, **told))
        message = self._dispatch.message(kind, row, at)
        if message is None:
            return
        heard = connection.execute(select(messages.c.channel).where(messages.c.alert_id == row["id"])).scalars()
        channels = self._dispatch.route(message.kind, message.severity, set(heard))
        outbox.post(connection, message, row["sequence"], channels, at)


def _plans(connection: Connection, seen: Sequence[Observation]) -> Iterator[_Plan]:
    rules = {observation.rule.id for observation in seen}
    wanted = select(alerts).where(alerts.c.rule.in_(rules), alerts.c.closed_at.is_(None))
    rows: dict[tuple[str, str], _Row] = {
        (row["rule"], row["fingerprint"]): dict(row) for row in connection.execute(wanted).mappings()
    }
    for observation in seen:
        row = rows.get(observation.key)
        before = _standing(observation.rule, row)
        after = advance(before, observation.rule, observation.measure, observation.at)
        due = row is not None and observation.at - row["updated_at"] >= REFRESH
        if after != before or due:
            yield _Plan(observation, row, after, changes(before, after))


def _standing(rule: Rule, row: _Row | None) -> Standing:
    stored = msgspec.json.decode(row["latches"], type=dict[str, Latch]) if row is not None else {}
    return Standing(tuple(stored.get(level.severity, Latch()) for level in rule.levels))


def _stored(rule: Rule, standing: Standing) -> str:
    latches = {level.severity: latch for level, latch in zip(rule.levels, standing.latches, strict=True)}
    return msgspec.json.encode(latches).decode()
