"""A database like that of an ERP, kept as plain Python rows beside it, so that what facts must be can be computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Protocol

from tests.house import House

from lopan.config import SqlConnection
from lopan.connect import mapping
from lopan.connect.sql.follow import Follow
from lopan.connect.sql.pull import Outcome
from lopan.control import pulls
from lopan.fact import FACTS
from lopan.store.facts import now

Row = dict[str, Any]
TYPES: dict[str, dict[str, str]] = {
    "mysql": {"text": "varchar(140)", "number": "decimal(21,9)", "whole": "bigint", "at": "datetime(6)", "day": "date",
              "clock": "time(6)", "json": "json", "flag": "tinyint"},
    "sqlite": {"text": "text", "number": "numeric", "whole": "integer", "at": "text", "day": "text", "clock": "text",
               "json": "text", "flag": "integer"},
    "postgresql": {"text": "varchar(140)", "number": "numeric", "whole": "integer", "at": "timestamp", "day": "date",
                   "clock": "time", "json": "jsonb", "flag": "boolean"},
}  # fmt: skip


class Erp:
    """``tables`` name columns as ``name:type``, the first of them the key."""

    def __init__(
        self, house: House, connection: SqlConnection, run: Callable[[str], object], tables: dict[str, str]
    ) -> None:
        self.house, self.connection, self._run = house, connection, run
        self.rows: dict[str, dict[Any, Row]] = {name: {} for name in tables}
        self._columns = {name: [one.split(":") for one in text.split()] for name, text in tables.items()}
        self._waiting = [
            f"DROP TABLE IF EXISTS {self._quoted(name)}; CREATE TABLE {self._quoted(name)} ("
            + ", ".join(f"{self._quoted(own)} {TYPES[connection.kind][kind]}" for own, kind in columns)
            + f", PRIMARY KEY ({self._quoted(columns[0][0])}))"
            for name, columns in self._columns.items()
        ]
        house.clear(*FACTS)
        house.clock.move(60)
        with house.engine.begin() as connected:
            connected.execute(pulls.pulls.delete())
        self.flush()
        self.asking = ThreadPoolExecutor(1)
        self.follow = Follow(
            house.engine, house.store, house.loader, house.clock, connection, mapping.load(), "UTC", self.asking
        )

    def put(self, table: str, **values: Any) -> None:
        """A new row, or the one of the same key with other values."""
        names = [name for name, _ in self._columns[table]]
        key = values[names[0]]
        row = self.rows[table].get(key, dict.fromkeys(names)) | values
        self.rows[table][key] = row
        self._waiting.append(f"DELETE FROM {self._quoted(table)} WHERE {self._quoted(names[0])} = {self._literal(key)}")
        cells = ", ".join(self._literal(row[name]) for name in names)
        self._waiting.append(f"INSERT INTO {self._quoted(table)} VALUES ({cells})")

    def drop(self, table: str, key: Any) -> None:
        column = self._columns[table][0][0]
        del self.rows[table][key]
        self._waiting.append(f"DELETE FROM {self._quoted(table)} WHERE {self._quoted(column)} = {self._literal(key)}")

    def all(self, table: str) -> list[Row]:
        return list(self.rows[table].values())

    def flush(self) -> None:
        self._run("BEGIN;\n" + ";\n".join(self._waiting) + ";\nCOMMIT;")
        self._waiting = []

    def pull(self) -> dict[str, Outcome]:
        self.flush()
        done = self.house.run(self.follow.round)
        assert all(isinstance(one, Outcome) for one in done.values()), done
        assert all(one.refused == 0 for one in done.values()), done
        return dict(done)

    def facts(self, fact: str, mapping: str, columns: list[str]) -> dict[str, Row]:
        """What is known of ``fact`` from one mapping, by key; money as Decimal, times in UTC."""
        view = f"(SELECT * FROM {now(fact)} WHERE source = '{self.connection.name}/{mapping}')"
        own = ", ".join(f"`{name}`" for name in columns)
        rows = self.house.run(self.house.store.query, f"SELECT key, {own} FROM {view} ORDER BY key").to_pylist()
        return {row.pop("key"): {name: plain(value) for name, value in row.items()} for row in rows}

    def _quoted(self, name: str) -> str:
        return f'"{name}"' if self.connection.kind == "postgresql" else f"`{name}`"

    def _literal(self, value: Any) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return str(value).upper() if self.connection.kind == "postgresql" else str(int(value))
        if isinstance(value, int | float | Decimal):
            return str(value)
        text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
        return "'" + text.replace("'", "''") + "'"


class Company(Protocol):
    """What happens in an ERP."""

    def begin(self) -> None:
        """Rows that are there when Lopan comes."""

    def go_on(self) -> None:
        """Changes of an hour."""


def live(erp: Erp, company: Company, compare: Callable[[Erp], None]) -> int:
    """Pull at first and for three hours, compared each time, until nothing is new; how many rows came first."""
    company.begin()
    first = sum(one.taken for one in erp.pull().values())
    compare(erp)
    for _ in range(3):
        erp.house.clock.move(3_600)
        company.go_on()
        erp.pull()
        compare(erp)
    assert sum(one.taken for one in erp.pull().values()) == 0
    return first


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return Decimal(str(value)).quantize(Decimal("0.0001")) if isinstance(value, Decimal) else value


def money(value: Decimal | float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.0001"))


def moment(zone: Any, at: datetime | date | None, clock: time | None = None) -> datetime | None:
    """A time of the wall clock of ``zone`` in UTC, to the millisecond, as facts have it."""
    if at is None:
        return None
    local = at if isinstance(at, datetime) else datetime.combine(at, clock or time())
    utc = local.replace(tzinfo=zone).astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
