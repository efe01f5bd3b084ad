"""JSON rows: good ones come out as they went in, every other one with its number, field and reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lopan.connect.rows import block, read
from lopan.errors import Rejected
from lopan.fact import SPECS

GOOD = {"key": "1", "day": "2026-01-02", "type": "scrap", "amount": 1.5, "currency": "EUR"}
COST = SPECS["cost"]


@pytest.mark.parametrize("shape", ["one", "array", "lines", "named"])
def test_every_shape_is_read(shape: str) -> None:
    rows = [GOOD] if shape == "one" else [GOOD, GOOD | {"key": "2"}]
    body = {
        "one": json.dumps(GOOD),
        "array": json.dumps(rows),
        "lines": "\n".join(map(json.dumps, rows)),
        "named": json.dumps({"facts": rows}),
    }[shape]
    found = read(COST, body.encode())
    assert not found.refused
    assert [one["key"] for one in block(COST, found.rows).to_pylist()] == [row["key"] for row in rows]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"key": ""}, "key", "length >= 1"),
        ({"amount": "lots"}, "amount", "decimal"),
        ({"amount": None}, "amount", "null"),
        ({"type": "lunch"}, "type", "Invalid enum value 'lunch'; there are "),
        ({"currency": "euro"}, "currency", "matching regex"),
        ({"colour": "red"}, "colour", "unknown field"),
        ({"day": "02.01.2026"}, "day", "date"),
        ({"day": "1800-01-02"}, "day", "1900 to 2299"),
        ({"deleted": True}, "day", "unknown field"),
        ({"deleted": "yes"}, "deleted", "unknown field"),
    ],
)
def test_a_bad_row_is_named_and_its_neighbours_are_taken(row: dict[str, Any], field: str, reason: str) -> None:
    found = read(COST, json.dumps([GOOD, GOOD | row, GOOD | {"key": "3"}]).encode())
    assert [one.key for one in found.rows] == ["1", "3"]
    (refused,) = found.refused
    assert (refused.row, refused.field) == (2, field)
    assert reason in refused.reason
    assert json.loads(refused.raw) == GOOD | row


def test_a_row_that_is_gone_needs_its_key_alone() -> None:
    body = json.dumps([GOOD | {"deleted": False}, {"key": "2", "deleted": True, "modified": "2026-01-05T00:00:00Z"}])
    found = block(COST, read(COST, body.encode()).rows).to_pylist()
    assert [(one["key"], one["deleted"]) for one in found] == [("1", False), ("2", True)]


FULL: dict[str, Any] = {
    "text": "A", "choice": "", "number": 1.5, "money": "2.25", "whole": 3, "flag": True,
    "time": "2026-01-02T03:04:05Z", "day": "2026-01-02",
}  # fmt: skip


@pytest.mark.parametrize("fact", list(SPECS))
@pytest.mark.parametrize("given", ["all", "required"])
def test_every_fact_becomes_a_block(fact: str, given: str) -> None:
    spec = SPECS[fact]
    row: dict[str, Any] = {"key": "1"}
    for column in spec.columns:
        if given == "all" or column.required:
            row[column.name] = column.choices[-1] if column.choices else FULL[column.kind]
    for name in set(row) & {"currency", "into"}:
        row[name] = "EUR"
    if "timezone" in row:
        row["timezone"] = "Europe/Berlin"
    found = read(spec, json.dumps([row, {"key": "2", "deleted": True}]).encode())
    assert not found.refused
    assert [one["key"] for one in block(spec, found.rows).to_pylist()] == ["1", "2"]


@pytest.mark.parametrize("body", [b"", b"[1", b"{", b"nonsense", b'"text"', b"\xff\xfe", b'{"facts": 3}'])
def test_a_body_that_is_no_batch_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Rejected):
        read(COST, body)


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=1)
)


@given(
    st.lists(st.dictionaries(st.sampled_from([*GOOD, "modified", "deleted", "other"]), values, max_size=3), max_size=6)
)
@settings(max_examples=80)
def test_accepted_and_refused_are_all_there_were(changes: list[dict[str, Any]]) -> None:
    rows = [GOOD | change for change in changes]
    found = read(COST, json.dumps(rows).encode())
    assert len(found.rows) + len(found.refused) == len(rows)
    assert block(COST, found.rows).num_rows == len(found.rows)
    assert all(one.field and one.reason for one in found.refused)
