"""A first mapping for a table nobody has described yet: headers matched to fields by name and by usual other names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from lopan.connect.mapping import ROW_KEY, Field, Target
from lopan.errors import Rejected
from lopan.fact import Spec

SURE = 0.7
"""Proposals from here on are taken when a file is imported without a mapping; weaker ones are shown only."""

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "key": ("id", "row id", "uid", "uuid", "guid", "record id", "source key", "name id"),
    "modified": ("write date", "last modified", "updated", "updated at", "modified at", "changed at", "last update"),
    "recorded": ("recorded at", "created", "created at", "entered at", "create date", "recorded date"),
    "order": ("order no", "order number", "order id", "work order", "production order", "sales order", "po", "so",
              "po number", "job", "auftrag", "auftragsnummer"),
    "line": ("line no", "line number", "line id", "position", "pos", "item no"),
    "customer": ("customer name", "client", "client name", "account", "buyer", "kunde", "partner"),
    "account": ("account id", "customer", "customer id", "client", "company", "kunde"),
    "product": ("item", "item code", "article", "sku", "material", "part", "part number", "product name", "artikel"),
    "site": ("plant", "location", "factory", "warehouse", "branch", "werk", "standort"),
    "work_unit": ("machine", "workstation", "work centre", "work center", "workcenter", "resource", "maschine"),
    "operator": ("worker", "employee", "user", "bediener"),
    "employee": ("worker", "operator", "person", "employee id", "staff", "mitarbeiter"),
    "ordered": ("quantity", "qty", "ordered quantity", "qty ordered", "order quantity", "planned quantity", "menge"),
    "good": ("good quantity", "qty good", "produced", "produced quantity", "qty produced", "completed", "gut"),
    "scrap": ("scrap quantity", "rejected", "scrapped", "qty scrap", "qty rejected", "ausschuss"),
    "delivered_quantity": ("qty delivered", "delivered qty", "quantity delivered"),
    "promised": ("promised date", "delivery date", "scheduled delivery date", "confirmed date", "due date",
                 "liefertermin"),
    "first_promised": ("first promised date", "original promise", "original delivery date"),
    "requested": ("requested date", "requested delivery date", "wanted date"),
    "placed": ("order date", "ordered at", "placed at", "bestelldatum"),
    "shipped": ("ship date", "shipped at", "dispatch date"),
    "delivered": ("delivered at", "delivered date", "delivered to client date", "actual delivery date", "geliefert"),
    "started": ("start", "start time", "start date", "from", "begin", "begins", "actual start", "beginn"),
    "ended": ("end", "end time", "end date", "to", "until", "finish", "finished", "actual end", "ende"),
    "planned_start": ("planned start date", "scheduled start"),
    "planned_end": ("planned end date", "scheduled end"),
    "amount": ("value", "total", "price", "line value", "net amount", "cost", "betrag", "sum", "line item value"),
    "value": ("stock value", "inventory value", "total value", "wert"),
    "quantity": ("qty", "stock", "on hand", "qty on hand", "menge", "bestand"),
    "currency": ("curr", "ccy", "currency code", "waehrung", "währung"),
    "day": ("date", "posting date", "booking date", "datum", "snapshot date"),
    "at": ("time", "timestamp", "date", "datetime", "occurred at", "zeitpunkt"),
    "ticket": ("ticket id", "ticket no", "ticket number", "case", "issue", "case number"),
    "event": ("status", "action", "step"),
    "priority": ("prio", "severity", "urgency"),
    "paid_hours": ("hours", "worked hours", "total hours", "stunden"),
    "type": ("cost type", "category", "kind", "art"),
    "mrr": ("monthly revenue", "monthly recurring revenue", "monthly fee"),
    "seats": ("users", "licences", "licenses"),
    "score": ("rating", "answer", "value"),
    "survey": ("survey name", "questionnaire"),
    "reason": ("stop reason", "downtime reason", "cause", "grund"),
    "state": ("status", "machine state", "zustand"),
    "status": ("state", "order status"),
    "timezone": ("time zone", "tz", "zeitzone"),
    "valid_from": ("from", "valid from date", "since"),
    "reach": ("market",),
    "company": ("company name", "name", "firm", "firma"),
    "rate": ("exchange rate", "kurs", "hourly rate"),
    "into": ("target currency", "to currency", "to"),
}  # fmt: skip


class Proposal(NamedTuple):
    """``column`` may fill ``field``; ``confidence`` from 0 to 1, ``reason`` for people."""

    field: str
    column: str
    confidence: float
    reason: str


def propose(spec: Spec, columns: Sequence[str]) -> list[Proposal]:
    """The best column for each field, the surest first; no column twice."""
    fields = ["key", "modified", "recorded", *(column.name for column in spec.columns)]
    found = [one for field in fields for column in columns if (one := _match(field, column)) is not None]
    found.sort(key=lambda one: (-one.confidence, fields.index(one.field)))
    taken: set[str] = set()
    best = []
    for one in found:
        if not {f"field {one.field}", f"column {one.column}"} & taken:
            taken |= {f"field {one.field}", f"column {one.column}"}
            best.append(one)
    return best


def target(spec: Spec, columns: Sequence[str]) -> Target:
    """What the sure proposals amount to; raises Rejected naming the fields that must be filled and are not."""
    sure = {one.field: one.column for one in propose(spec, columns) if one.confidence >= SURE}
    missing = [column.name for column in spec.columns if column.required and column.name not in sure]
    if missing:
        listed = ", ".join(repr(column) for column in columns[:40])
        raise Rejected(
            spec.name,
            f"no column is called like {', '.join(missing)}; there are {listed}. Rename a column, or write a mapping"
            " into lopan.d/mappings/ and give --mapping",
        )
    key = sure.pop("key", ROW_KEY)
    common = {name: Field(column=sure.pop(name)) for name in ("modified", "recorded") if name in sure}
    fields = {name: Field(column=column) for name, column in sure.items()}
    return Target(
        fact=spec.name, key=key, fields=fields, modified=common.get("modified"), recorded=common.get("recorded")
    )


def _match(field: str, column: str) -> Proposal | None:
    wanted, given = _words(field), _words(column)
    if wanted == given:
        return Proposal(field, column, 1.0, "the same name")
    if given in {_words(one) for one in _SYNONYMS.get(field, ())}:
        return Proposal(field, column, 0.9, f"a usual name of {field}")
    own, other = set(wanted), set(given)
    if own and own <= other and len(own) > 1:
        return Proposal(field, column, SURE, f"its name holds {field}")
    shared = len(own & other) / len(own | other) if own | other else 0.0
    if shared >= 0.5:
        return Proposal(field, column, 0.5, f"shares words with {field}")
    return None


def _words(text: str) -> tuple[str, ...]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return tuple(re.sub(r"[^0-9a-zäöüß]+", " ", spaced.lower()).split())
