"""The published shape is that of the struct that is sent."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec
import pydantic
import pytest

from lopan.web.shape import model


class Inner(msgspec.Struct, frozen=True):
    """Something within."""

    day: date
    pair: tuple[str, int]


class Outer(msgspec.Struct, frozen=True):
    """Everything a struct may hold."""

    word: Literal["a", "b"]
    inner: Inner | None
    many: list[Inner]
    named: dict[str, float | None]
    groups: frozenset[str]


SENT = Outer("a", None, [Inner(date(2026, 11, 25), ("x", 1))], {"n": None}, frozenset({"g"}))


def test_what_is_sent_fits() -> None:
    model(Outer).model_validate_json(msgspec.json.encode(SENT))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"word": "c"}, id="another word"),
        pytest.param({"more": 1}, id="a field that is not there"),
        pytest.param({"many": [{"day": "2026-11-25"}]}, id="a field missing within"),
    ],
)
def test_anything_else_does_not(changed: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        model(Outer).model_validate({**msgspec.to_builtins(SENT), **changed})


def test_schema_tells_what_the_docstrings_tell() -> None:
    schema = model(Outer).model_json_schema()

    assert schema["description"] == "Everything a struct may hold."
    assert schema["$defs"]["Inner"]["description"] == "Something within."
    assert set(schema["required"]) == {"word", "inner", "many", "named", "groups"}
