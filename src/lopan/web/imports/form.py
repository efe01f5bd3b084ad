"""The form that says how a file is read and which column becomes which field: from its fields to a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

import msgspec

from lopan.connect import mapping, moments
from lopan.connect.importer import Options, Preview
from lopan.connect.load import spec_of
from lopan.connect.mapping import ROW_KEY
from lopan.connect.propose import SURE
from lopan.connect.uploads import Ask
from lopan.errors import Rejected
from lopan.fact import MODIFIED, RECORDED, SPECS, Column

Said = Mapping[str, str]
DELIMITERS: Final = {"": "detected", ",": "comma", ";": "semicolon", "tab": "tab", "|": "bar"}
ENCODINGS: Final = ("", "utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-1")
DATES: Final = ("", *moments.CANDIDATES, "excel", "unix", "unix_ms")
KEYS: Final = ("key", "key2")

_LONGEST = 200


class Line(msgspec.Struct, frozen=True):
    """One field of the fact in the form: the column chosen for it, or the text that every row gets."""

    column: Column
    chosen: str
    constant: str


def options(said: Said) -> Options:
    """How the file is to be read; raises Rejected naming the field."""
    row = said.get("header_row", "").strip()
    if row and not (row.isdecimal() and 1 <= int(row) <= 1_000_000):
        raise Rejected("header_row", "is the number of a row, counted from 1")
    return Options(
        fact=said.get("fact", ""),
        mapping=said.get("mapping", ""),
        source=said.get("source", "").strip()[:64],
        encoding=said.get("encoding", ""),
        delimiter={"tab": "\t"}.get(said.get("delimiter", ""), said.get("delimiter", "")),
        sheet=said.get("sheet", ""),
        header_row=int(row) if row else None,
        dates=said.get("dates", "").strip(),
        decimal=said.get("decimal", ""),
        thousands=said.get("thousands", "")[:1],
        zone=said.get("zone", "").strip(),
    )


def lines(said: Said, preview: Preview) -> list[Line]:
    """Every field of the fact, filled in as said, else as proposed."""
    proposed = {one.field: one.column for one in preview.proposals if one.confidence >= SURE}
    found = []
    for column in (*SPECS[preview.fact].columns, MODIFIED, RECORDED):
        untouched = f"field.{column.name}" not in said or said.get("for") != preview.fact
        chosen = proposed.get(column.name, "") if untouched else said[f"field.{column.name}"]
        constant = "" if untouched else said.get(f"const.{column.name}", "")
        found.append(Line(column, chosen if chosen in preview.columns else "", constant))
    return found


def keys(said: Said, preview: Preview) -> list[str]:
    """The columns that tell rows apart, '' = none, as said, else as proposed."""
    if said.get("for") == preview.fact and "key" in said:
        return [said.get(name, "") for name in KEYS]
    proposed = next((one.column for one in preview.proposals if one.field == "key" and one.confidence >= SURE), "")
    return [proposed, ""]


def ask(said: Said) -> Ask:
    """What is to be done with the file; raises Rejected naming the field and what to do."""
    wanted = options(said)
    if wanted.mapping:
        return Ask(options=wanted)
    if not wanted.fact:
        raise Rejected("fact", "say what a row is")
    return Ask(options=wanted, mapped=mapping.build(_written(said, wanted), "upload"))


@cache
def zones() -> tuple[str, ...]:
    """Names for the list of time zones; read once, for they lie in hundreds of files."""
    return tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))


def _written(said: Said, wanted: Options) -> dict[str, Any]:
    """The mapping as its TOML would hold it."""
    columns = [said.get(name, "") for name in KEYS]
    fact: dict[str, Any] = {"fact": wanted.fact, "key": [one for one in columns if one] or ROW_KEY, "fields": {}}
    for column in spec_of(wanted.fact).columns:
        if (filled := _filled(said, column)) is not None:
            fact["fields"][column.name] = filled
    for column in (MODIFIED, RECORDED):
        if (filled := _filled(said, column)) is not None:
            fact[column.name] = filled
    top = {name: getattr(wanted, name) for name in ("source", "zone", "dates", "decimal", "thousands")}
    return {**{name: value for name, value in top.items() if value}, "facts": [fact]}


def _filled(said: Said, column: Column) -> dict[str, Any] | None:
    chosen, constant = said.get(f"field.{column.name}", ""), said.get(f"const.{column.name}", "").strip()
    if len(constant) > _LONGEST:
        raise Rejected(column.name, f"has at most {_LONGEST} characters")
    if chosen:
        return {"column": chosen} | ({"default": _typed(column, constant)} if constant else {})
    return {"constant": _typed(column, constant)} if constant else None


def _typed(column: Column, text: str) -> str | float | int | bool:
    try:
        if column.kind == "number":
            return float(text)
        if column.kind == "whole":
            return int(text)
    except ValueError:
        raise Rejected(column.name, f"{text!r} is not a number") from None
    return text in ("yes", "true", "1") if column.kind == "flag" else text
