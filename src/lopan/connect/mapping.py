"""Mappings: which column becomes which field of which fact, one TOML a table of a source.

Built in under ``mappings/``; an operator's ``lopan.d/mappings/*.toml`` adds some, or replaces one of the same name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as Keyed
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from lopan.connect import moments
from lopan.connect.files.table import Options
from lopan.errors import ConfigError, Rejected
from lopan.fact import MODIFIED, RECORDED, SPECS, Column, Spec

Value = str | int | float | bool
ROW_KEY = "row"
"""``key = "row"``: the hash of a row's cells, and which one of equal rows it is, for tables without a key."""


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one field is filled: from ``column``, else ``default`` where the cell is empty, or always ``constant``.

    Several columns are joined by ``separator``; of a time they are the day and the time of day. ``format`` is that of
    dates (``moments``), ``zone`` that of times without one. ``values`` gives texts a meaning, ``null`` lists texts
    that mean unknown. Numbers are multiplied by ``factor``; ``round`` allows money with more than four places.
    """

    column: str | tuple[str, ...] = ()
    format: str = ""
    zone: str = ""
    values: dict[str, Value] = {}
    null: tuple[str, ...] = ()
    default: Value | None = None
    constant: Value | None = None
    decimal: str = ""
    thousands: str = ""
    factor: float = 1.0
    round: bool = False
    separator: str = " "

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is made of."""
        return (self.column,) if isinstance(self.column, str) else self.column


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows whose ``column``, without outer blanks, holds one of ``values``, matches ``pattern``, or is ``empty``."""

    column: str
    values: tuple[str, ...] = ()
    pattern: str = ""
    empty: bool = False

    def __post_init__(self) -> None:
        """Refuse a condition that says nothing, and a pattern that can't be read."""
        if not (self.values or self.pattern or self.empty):
            raise ValueError(f"the condition on {self.column!r} needs values, pattern or empty = true")
        try:
            pc.match_substring_regex(pa.array([""]), self.pattern)
        except pa.ArrowInvalid as error:
            raise ValueError(f"pattern {self.pattern!r}: {error}") from None


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact made of the rows: only those that meet every condition of ``only`` and none of ``skip``.

    ``key`` names the columns that tell rows apart, or is ``"row"``; a row that meets ``deleted`` takes its key away.
    """

    fact: str
    key: str | tuple[str, ...]
    fields: dict[str, Field]
    modified: Field | None = None
    recorded: Field | None = None
    only: tuple[Condition, ...] = ()
    skip: tuple[Condition, ...] = ()
    deleted: Condition | None = None

    @property
    def spec(self) -> Spec:
        """The description of its fact."""
        return SPECS[self.fact]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the key; none when the row itself is the key."""
        if self.key == ROW_KEY:
            return ()
        return (self.key,) if isinstance(self.key, str) else self.key

    def all_fields(self) -> Iterator[tuple[Column, Field]]:
        """Every field that the mapping fills, with its column; ``key`` is not among them."""
        for column, field in ((MODIFIED, self.modified), (RECORDED, self.recorded)):
            if field is not None:
                yield column, field
        for column in self.spec.columns:
            if column.name in self.fields:
                yield column, self.fields[column.name]

    def columns(self) -> dict[str, str]:
        """Every column it reads, and what for."""
        found = dict.fromkeys(self.keys, "key")
        for column, field in self.all_fields():
            found |= {name: column.name for name in field.columns if name not in found}
        conditions = [*self.only, *self.skip, *([self.deleted] if self.deleted else [])]
        return found | {one.column: "condition" for one in conditions if one.column not in found}


class Select(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sql]``: the SELECT whose columns the fields name, in the SQL that it is ``written_for`` (none: any).

    ``watermark`` is a column of it that grows with every change; without one all rows are read every time.
    """

    query: str
    watermark: str = ""
    written_for: tuple[Literal["postgresql", "mysql", "sqlite"], ...] = ()


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a source and the facts that its rows become; what a field does not say is said here for all.

    ``source`` owns the keys: two mappings of one source and fact replace each other's rows.
    """

    facts: tuple[Target, ...]
    name: str = ""
    title: str = ""
    source: str = ""
    zone: str = ""
    dates: str = ""
    decimal: str = "."
    thousands: str = ""
    null: tuple[str, ...] = ()
    file: Options = Options()
    sql: Select | None = None


def load(operator: Path | None = None) -> dict[str, Mapping]:
    """The built-in mappings by name, then those of ``operator``/mappings. Raises ConfigError naming file and key."""
    found = dict(_read(files("lopan.connect").joinpath("mappings")))
    if operator is not None and (operator / "mappings").is_dir():
        found |= dict(_read(operator / "mappings"))
    return found


def named(mappings: Keyed[str, Mapping], name: str) -> Mapping:
    """The mapping of that name; raises Rejected when there is none."""
    if name not in mappings:
        raise Rejected("mapping", f"there is no mapping {name[:64]!r}; there are {', '.join(mappings) or 'none yet'}")
    return mappings[name]


def parse(text: str, name: str) -> Mapping:
    """A mapping from TOML; raises Rejected naming the key and the reason."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Rejected(name, str(error)) from None
    return build(raw, name)


def build(raw: dict[str, Any], name: str) -> Mapping:
    """A mapping from what TOML or JSON holds; raises Rejected naming the key and the reason."""
    try:
        made = msgspec.convert(_written_out(raw), Mapping)
    except msgspec.ValidationError as error:
        raise Rejected(name, str(error)) from None
    made = made if made.name else msgspec.structs.replace(made, name=name)
    lint(made)
    return made


def lint(mapping: Mapping) -> None:
    """Refuse facts, fields, formats and zones that there are not. Raises Rejected naming mapping and key."""
    where = mapping.name or "mapping"
    if not mapping.facts:
        raise Rejected(where, "no [[facts]]: say what a row becomes")
    _lint_reading(where, mapping)
    for target in mapping.facts:
        if target.fact not in SPECS:
            raise Rejected(f"{where}: facts.fact", f"there is no fact {target.fact!r}; there are {', '.join(SPECS)}")
        place = f"{where}: {target.fact}"
        if not target.key:
            raise Rejected(f"{place}.key", 'name the columns that tell rows apart, or "row" where there are none')
        for name in target.fields:
            if target.spec.column(name) is None:
                known = ", ".join(column.name for column in target.spec.columns)
                raise Rejected(f"{place}.fields.{name}", f"there is no such field; there are {known}")
        for column, field in target.all_fields():
            _lint_field(f"{place}.{column.name}", column, field)
        missing = [one.name for one in target.spec.columns if one.required and one.name not in target.fields]
        if missing:
            raise Rejected(place, f"nothing fills {', '.join(missing)}: give a column or a constant")


def _lint_reading(place: str, one: Mapping | Field) -> None:
    if one.zone:
        try:
            ZoneInfo(one.zone)
        except (KeyError, OSError, ValueError):
            raise Rejected(f"{place}.zone", f"{one.zone!r} is no time zone; give one like Europe/Berlin") from None
    written = one.dates if isinstance(one, Mapping) else one.format
    if written:
        try:
            moments.compile_format(written)
        except ValueError as error:
            raise Rejected(f"{place}.{'dates' if isinstance(one, Mapping) else 'format'}", str(error)) from None
    if one.decimal and one.decimal == one.thousands:
        raise Rejected(f"{place}.thousands", f"{one.decimal!r} can't be both the decimal and the thousands sign")
    if one.decimal not in ("", ".", ","):
        raise Rejected(f"{place}.decimal", f"{one.decimal!r} is neither a point nor a comma")
    if len(one.thousands) > 1:
        raise Rejected(f"{place}.thousands", f"{one.thousands!r} is more than one sign")


def _lint_field(place: str, column: Column, field: Field) -> None:
    _lint_reading(place, field)
    if not field.columns and field.constant is None and field.default is None:
        raise Rejected(place, "nothing fills it: give column, constant or default")
    if field.columns and field.constant is not None:
        raise Rejected(place, "give column or constant, not both; default stands in where a cell is empty")
    most = {"text": 8, "choice": 1, "time": 2}.get(column.kind, 1)
    if len(field.columns) > most:
        raise Rejected(place, f"is made of {len(field.columns)} columns, which a {column.kind} can't be")


def _written_out(raw: dict[str, Any]) -> dict[str, Any]:
    """``order = "PO"`` stands for ``order = { column = "PO" }``."""
    facts = raw.get("facts")
    if not isinstance(facts, list):
        return raw
    return raw | {"facts": [_target(one) if isinstance(one, dict) else one for one in facts]}


def _target(raw: dict[str, Any]) -> dict[str, Any]:
    made = dict(raw)
    for name in ("modified", "recorded"):
        if name in made:
            made[name] = _field(made[name])
    if isinstance(made.get("fields"), dict):
        made["fields"] = {name: _field(field) for name, field in made["fields"].items()}
    return made


def _field(raw: object) -> object:
    return {"column": raw} if isinstance(raw, str | list) else raw


def _read(folder: Traversable) -> Iterator[tuple[str, Mapping]]:
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".toml"):
            continue
        name = path.name.removesuffix(".toml")
        try:
            yield name, parse(path.read_text(encoding="utf-8"), name)
        except (Rejected, UnicodeDecodeError) as error:
            raise ConfigError(f"{path.name}: {error}") from None
