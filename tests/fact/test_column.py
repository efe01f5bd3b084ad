"""The description of a fact says what its type says."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from lopan.fact import FACTS, SPECS


def test_every_fact_is_described() -> None:
    assert list(SPECS) == list(FACTS)
    for spec in SPECS.values():
        assert spec.columns, spec.name
        for first, second in spec.spans:
            for name in (first, second):
                column = spec.column(name)
                assert column is not None, (spec.name, name)
                assert column.kind == "time"


@pytest.mark.parametrize(
    ("fact", "name", "said"),
    [
        ("work_order", "order", {"kind": "text", "required": True, "longest": 200, "shortest": 1, "shared": False}),
        ("work_order", "ordered", {"kind": "number", "required": True, "ge": 0}),
        ("work_order", "status", {"kind": "choice", "required": False, "default": "planned", "shared": True}),
        ("work_order", "due", {"kind": "time", "required": False, "optional": True}),
        ("inventory_snapshot", "value", {"kind": "money", "required": True, "ge": -Decimal(10**13)}),
        ("inventory_snapshot", "day", {"kind": "day", "required": True, "optional": False}),
        ("order_line", "cancelled", {"kind": "flag", "default": False, "optional": False}),
        ("fx_rate", "currency", {"kind": "text", "pattern": "^[A-Z]{3}$"}),
        ("fx_rate", "rate", {"kind": "number", "gt": 0}),
        ("survey_response", "comment", {"kind": "text", "shared": False, "longest": 8_000}),
    ],
)
def test_a_column_has_the_limits_of_its_field(fact: str, name: str, said: dict[str, object]) -> None:
    column = SPECS[fact].column(name)
    assert column is not None
    assert {key: getattr(column, key) for key in said} == said


def test_choices_are_those_of_the_type() -> None:
    column = SPECS["work_unit_state"].column("state")
    assert column is not None
    assert set(column.choices) == {"production", "setup", "delay", "down", "planned_down", "idle"}


def test_a_row_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.convert({"key": "1", "site": "A", "timezone": "UTC", "colour": "red"}, FACTS["site"])
