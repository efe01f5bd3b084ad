"""Tables of the business facts, derived from their types: the rows as they are now, and every version there ever was.

For each fact: ``fact_X`` keeps the newest version of a row, ``fact_X_versions`` all of them, the view ``fact_X_now``
shows what is not deleted. A row is (source, key); ``ver`` (microseconds) says which version is newer. Neither table is
partitioned by a date: a date can be corrected, and the old row would stay in another partition for ever.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from lopan.fact import SPECS, Column, Kind, Spec
from lopan.store import rates
from lopan.store.base import Store

TIME = pa.timestamp("ms", "UTC")
_ARROW: dict[Kind, pa.DataType] = {
    "text": pa.utf8(),
    "choice": pa.utf8(),
    "number": pa.float64(),
    "money": pa.decimal128(18, 4),
    "whole": pa.int64(),
    "flag": pa.uint8(),
    "time": TIME,
    "day": pa.date32(),
}
_ENGINE: dict[Kind, str] = {
    "text": "String",
    "choice": "LowCardinality(String)",
    "number": "Float64",
    "money": "Decimal(18, 4)",
    "whole": "Int64",
    "flag": "UInt8",
    "time": "DateTime64(3, 'UTC')",
    "day": "Date32",
}
_COMMON = (
    "source LowCardinality(String), key String, ver UInt64, deleted UInt8, recorded Nullable(DateTime64(3, 'UTC')),"
    " ingested DateTime64(3, 'UTC'), batch UUID"
)
_DURABLE = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''"
_ORDERED = "ORDER BY ver DESC, ingested DESC LIMIT 1 BY source, key"

REFUSED = "fact_refused"
UNDONE = "fact_undone"
_REFUSED_DDL = f"""CREATE TABLE IF NOT EXISTS {REFUSED} (
    batch UUID, fact LowCardinality(String), row UInt64, field LowCardinality(String), reason String, raw String,
    at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (batch, row, field) TTL toDateTime(at) + INTERVAL 90 DAY {_DURABLE}"""
_UNDONE_DDL = f"""CREATE TABLE IF NOT EXISTS {UNDONE} (
    batch UUID, at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY batch {_DURABLE}"""
_UNDO = f"INSERT INTO {UNDONE} SELECT {{batch:UUID}}, {{at:DateTime64(3, 'UTC')}}"


def table(fact: str) -> str:
    """The table with the newest version of every row; read it with FINAL, or read ``now``."""
    return f"fact_{fact}"


def versions(fact: str) -> str:
    """The table with every version of every row, those of undone batches included."""
    return f"fact_{fact}_versions"


def now(fact: str) -> str:
    """The view of what is so, as far as is known now."""
    return f"fact_{fact}_now"


def schema(spec: Spec) -> pa.Schema:
    """Columns of a block of ``spec`` in the order of its tables; what may be unknown is nullable."""
    common = [
        pa.field("source", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("key", pa.utf8(), nullable=False),
        pa.field("ver", pa.uint64(), nullable=False),
        pa.field("deleted", pa.uint8(), nullable=False),
        pa.field("recorded", TIME, nullable=True),
        pa.field("ingested", TIME, nullable=False),
        pa.field("batch", pa.binary(16), nullable=False),
    ]
    return pa.schema(common + [pa.field(one.name, _arrow(one), nullable=one.optional) for one in spec.columns])


def arrow(column: Column) -> pa.DataType:
    """The type of a column's values before shared texts become dictionaries."""
    return _ARROW[column.kind]


def prepare(store: Store) -> None:
    """Make what is missing: tables, views, and columns that a fact has gained. Safe to repeat after a crash."""
    known: dict[str, set[str]] = {}
    rows = store.query(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND table LIKE 'fact%'"
    )
    for row in rows.to_pylist():
        known.setdefault(row["table"], set()).add(row["name"])
    if REFUSED not in known:
        store.execute(_REFUSED_DDL)
    if UNDONE not in known:
        store.execute(_UNDONE_DDL)
    for spec in SPECS.values():
        for statement in _missing(spec, known):
            store.execute(statement)
    store.execute(rates.view(rates.NOW, now(rates.SOURCE)))


def known_on(store: Store, fact: str, day: date, zone: ZoneInfo) -> str:
    """The name of a view of what was known of ``fact`` at the end of ``day`` in ``zone``; it is made when missing."""
    name = f"fact_{fact}_on_{day:%Y%m%d}"
    until = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    store.execute(
        f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM ("  # noqa: S608 - a fact's name and a date, nothing else
        f"SELECT * FROM {versions(fact)} WHERE ingested < toDateTime64('{until:%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
        f" AND batch NOT IN (SELECT batch FROM {UNDONE} WHERE at < toDateTime64('{until:%Y-%m-%d %H:%M:%S}', 3, 'UTC'))"
        f" {_ORDERED}) WHERE deleted = 0"
    )
    return name


def rates_on(store: Store, day: date, zone: ZoneInfo) -> str:
    """As ``known_on`` for the exchange rates both ways."""
    name = f"fact_{rates.RATES}_on_{day:%Y%m%d}"
    store.execute(rates.view(name, known_on(store, rates.SOURCE, day, zone)))
    return name


def take_back(store: Store, fact: str, batch: str, at: datetime) -> None:
    """Undo a batch: what it brought goes, and the newest other version of each of its rows comes back.

    Until it is done its rows may be missing; doing it again after a crash brings it to the end.
    """
    store.execute(_UNDO, {"batch": batch, "at": at})
    store.execute(
        f"DELETE FROM {table(fact)} WHERE batch = {{batch:UUID}} SETTINGS lightweight_deletes_sync = 2",  # noqa: S608
        {"batch": batch},
    )
    store.execute(
        f"INSERT INTO {table(fact)} SELECT * FROM {versions(fact)}"  # noqa: S608
        f" WHERE (source, key) IN (SELECT source, key FROM {versions(fact)} WHERE batch = {{batch:UUID}})"
        f" AND batch NOT IN (SELECT batch FROM {UNDONE}) {_ORDERED}",
        {"batch": batch},
    )


def _arrow(column: Column) -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.utf8()) if column.shared else arrow(column)


def _type(column: Column) -> str:
    if column.kind == "text" and column.shared:
        return "LowCardinality(String)"
    return f"Nullable({_ENGINE[column.kind]})" if column.optional else _ENGINE[column.kind]


def _missing(spec: Spec, known: dict[str, set[str]]) -> list[str]:
    columns = {column.name: f"`{column.name}` {_type(column)}" for column in spec.columns}
    statements = []
    orders = {table(spec.name): "(ver, deleted) ORDER BY (source, key)"}
    orders[versions(spec.name)] = "ORDER BY (source, key, ver, batch)"
    for name, order in orders.items():
        if name not in known:
            body = ", ".join([_COMMON, *columns.values()])
            statements.append(f"CREATE TABLE {name} ({body}) ENGINE = ReplacingMergeTree {order} {_DURABLE}")
        elif new := [column for own, column in columns.items() if own not in known[name]]:
            statements.append(f"ALTER TABLE {name} " + ", ".join(f"ADD COLUMN IF NOT EXISTS {one}" for one in new))
    if statements or now(spec.name) not in known:
        statements.append(
            f"CREATE OR REPLACE VIEW {now(spec.name)} AS SELECT * FROM {table(spec.name)} FINAL"  # noqa: S608
        )
    return statements
