"""TOML files of the catalog: the built-in ones of a folder, then the operator's, each as a checked type."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import msgspec

from lopan.errors import ConfigError

Kind = TypeVar("Kind")


def layers(operator: Path | None, folder: str) -> Iterator[Traversable]:
    """The built-in ``folder``, then that of the operator's ``lopan.d``, as far as there is one."""
    yield files("lopan.catalog").joinpath(folder)
    if operator is not None and (operator / folder).is_dir():
        yield operator / folder


def listed(folder: Traversable) -> list[Traversable]:
    """Its ``*.toml`` by name; none of a folder that is not there."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)


def read(path: Traversable, kind: type[Kind], said: str = "") -> Kind:
    """One file; raises ConfigError that names it (``said``: how, else by its own name) and what is wrong in it."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(f"{said or path.name}: {error}") from None
