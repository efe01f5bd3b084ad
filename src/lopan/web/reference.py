"""The OpenAPI document as a page of our own: the usual one loads its scripts from elsewhere, against our policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Parameter(msgspec.Struct, frozen=True):
    """One parameter; ``default`` is empty when it has none."""

    name: str
    place: str
    kind: str
    default: str
    description: str
    required: bool


class Field(msgspec.Struct, frozen=True):
    """One field of an answer; ``kind`` names the shape of an element for lists."""

    name: str
    kind: str
    description: str


class Operation(msgspec.Struct, frozen=True):
    """One address and method, with what it takes and gives."""

    method: str
    path: str
    summary: str
    parameters: list[Parameter]
    fields: list[Field]
    refusals: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        """A name for links within the page."""
        return (self.method + self.path).lower().replace("/", "-").replace("{", "").replace("}", "")


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI 3.1 document, in its order."""
    shapes = document.get("components", {}).get("schemas", {})
    return [
        _operation(method, path, entry, shapes)
        for path, entries in document["paths"].items()
        for method, entry in entries.items()
    ]


def _operation(method: str, path: str, entry: Mapping[str, Any], shapes: Mapping[str, Any]) -> Operation:
    answers = entry["responses"]
    done = next((code for code in answers if code.startswith("2")), "200")
    content = answers.get(done, {}).get("content", {}).get("application/json", {}).get("schema", {})
    shape = shapes.get(_reference(content), {})
    return Operation(
        method=method.upper(),
        path=path,
        summary=entry.get("description") or entry.get("summary", ""),
        parameters=[_parameter(parameter) for parameter in entry.get("parameters", [])],
        fields=[
            Field(name, _kind(field), field.get("description", ""))
            for name, field in shape.get("properties", {}).items()
        ],
        refusals=[(code, answer["description"]) for code, answer in answers.items() if code not in (done, "422")],
    )


def _parameter(parameter: Mapping[str, Any]) -> Parameter:
    schema = parameter["schema"]
    default = schema.get("default")
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        kind=_kind(schema),
        default="" if default in (None, "") else str(default),
        description=parameter.get("description", ""),
        required=parameter.get("required", False),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if reference := _reference(schema):
        return reference.removesuffix("Model")
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))


def _reference(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
