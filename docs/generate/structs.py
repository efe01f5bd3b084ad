"""Settings and events: the fields of msgspec structs with their limits."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import NODEFAULT, inspect

from generate.text import NOTE, prose
from lopan.config import Config
from lopan.event.types import TYPES, Base
from lopan.fact.types import FACTS, Fact

BARE = {
    inspect.StrType: "text",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.BoolType: "true or false",
    inspect.DateTimeType: "time with zone (RFC 3339)",
    inspect.NoneType: "null",
    inspect.DecimalType: "money, at most four places after the point",
    inspect.DateType: "date",
}


def settings() -> str:
    """Every setting of ``lopan.toml``, section by section, with type and default."""
    lines = [NOTE, "# Settings", ""]
    lines += [
        "Read from `lopan.toml` in the data directory (or the current one). A flag beats an environment variable,",
        "which beats the file. `LOPAN_DATA`, `LOPAN_HOST`, `LOPAN_PORT`, `LOPAN_URL` and `LOPAN_TIMEZONE` do the same",
        "as the settings of that name. A misspelt setting is an error, never ignored.",
        "",
    ]
    for place, struct in _sections("", inspect.type_info(Config)):
        lines += [
            f"## {place or 'Top level'}",
            "",
            prose(struct.cls),
            "",
            *_table("setting", struct, skip=frozenset()),
            "",
        ]
    return "\n".join(lines)


def events() -> str:
    """Every event type with its own fields; what all have in common comes first."""
    lines = [NOTE, "# Events", ""]
    lines += [
        'The native form, as `POST /v1/events` takes it: one object, an array, NDJSON or `{"events": [...]}`. Other',
        "protocols become the same events. Fields that are not named here are ignored.",
        "",
        "## Every event",
        "",
        prose(Base),
        "",
        *_table("field", _struct(Base), skip=frozenset()),
        "",
    ]
    common = frozenset(field.name for field in _struct(Base).fields)
    for name, kind in TYPES.items():
        lines += [f"## {name}", "", prose(kind), "", *_table("field", _struct(kind), skip=common), ""]
    return "\n".join(lines)


def facts() -> str:
    """Every business fact with its own fields; what all have in common comes first."""
    lines = [NOTE, "# Business facts", ""]
    lines += [
        "What files, machines, databases and addresses bring: see [how to import](../import.md). Limits hold whichever",
        "way a row comes in. Money is at most 10,000,000,000,000 either way, times lie between 1900 and 2299.",
        "",
        "## Every fact",
        "",
        prose(Fact),
        "",
        *_table("field", _struct(Fact), skip=frozenset()),
        "",
    ]
    common = frozenset(field.name for field in _struct(Fact).fields)
    for name, kind in FACTS.items():
        lines += [f"## {name}", "", prose(kind), ""]
        lines += [f"`{later}` must not lie before `{earlier}`.\n" for earlier, later in kind.SPANS]
        lines += [*_table("field", _struct(kind), skip=common), ""]
    return "\n".join(lines)


def _sections(place: str, kind: inspect.Type) -> Iterator[tuple[str, inspect.StructType]]:
    if isinstance(kind, inspect.ListType):
        yield from _sections(f"[{place}]", kind.item_type)
    elif isinstance(kind, inspect.StructType):
        yield (f"`[{place}]`" if place else ""), kind
        for field in kind.fields:
            yield from _sections(f"{place}.{field.name}" if place else field.name, field.type)


def _table(first: str, struct: inspect.StructType, skip: frozenset[str]) -> list[str]:
    rows = [
        f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} |"
        for field in struct.fields
        if field.name not in skip and not _is_section(field.type)
    ]
    return [f"| {first} | type | default |", "|---|---|---|", *rows] if rows else []


def _is_section(kind: inspect.Type) -> bool:
    return isinstance(kind.item_type if isinstance(kind, inspect.ListType) else kind, inspect.StructType)


def _type(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _type(kind.type)
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_type(option) for option in kind.types)
    if isinstance(kind, inspect.ListType):
        return f"list of {_type(kind.item_type)}{_bounds(kind)}"
    if isinstance(kind, inspect.DictType):
        return f"table of {_type(kind.value_type)}{_bounds(kind)}"
    return BARE[type(kind)] + _bounds(kind)


def _bounds(kind: inspect.Type) -> str:
    least, most = getattr(kind, "ge", None), getattr(kind, "le", None)
    above, longest = getattr(kind, "gt", None), getattr(kind, "max_length", None)
    parts = [
        "" if least is None else f"from {_amount(least)}",
        "" if above is None else f"above {_amount(above)}",
        "" if most is None else f"up to {_amount(most)}",
        "" if longest is None else f"at most {longest:,}",
    ]
    text = " ".join(part for part in parts if part)
    return f" ({text})" if text else ""


def _amount(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not NODEFAULT else field.default_factory()
    return "" if value in ("", None, []) else f"`{msgspec.json.encode(value).decode()}`"


def _struct(cls: type[msgspec.Struct]) -> inspect.StructType:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    return info
