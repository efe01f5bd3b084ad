"""The published shape of an answer, made from the struct that is sent, so that the two can't differ."""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, ConfigDict, create_model


@cache
def model(struct: type[msgspec.Struct]) -> type[BaseModel]:
    """A model with the fields of ``struct`` as msgspec writes them; its docstring becomes the description."""
    hints = get_type_hints(struct)
    fields: dict[str, Any] = {
        field.encode_name: (_type(hints[field.name]), ...) for field in msgspec.structs.fields(struct)
    }
    made: type[BaseModel] = create_model(
        struct.__name__,
        __config__=ConfigDict(extra="forbid"),
        __doc__=struct.__doc__,
        __module__=struct.__module__,
        **fields,
    )
    return made


def _type(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return model(hint)
    if origin is None or origin is Literal:
        return hint
    inner = tuple(_type(argument) for argument in arguments)
    if origin in (Union, types.UnionType):
        return Union[inner]  # noqa: UP007 - made at run time
    return origin[inner]
