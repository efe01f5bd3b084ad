"""Which module reads which file. A new format is a module with ``SUFFIXES`` and ``open_table`` beside these."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from lopan.connect.files.table import Options, Table
from lopan.errors import Rejected

FORMATS: Final = ("csv", "parquet", "excel", "xes")
"""The modules by name, which is also that of the format."""


def open_table(path: Path, options: Options | None = None) -> Table:
    """The table in a file, by the format named in ``options`` or the file's name. Raises Rejected when it is none."""
    options = options or Options()
    if not path.is_file():
        raise Rejected(str(path), "there is no such file")
    return _reader(path, options.format)(path, options)


def suffixes() -> list[str]:
    """Endings of names that are known."""
    return [suffix for name in FORMATS for suffix in _module(name).SUFFIXES]


def _reader(path: Path, wanted: str) -> Callable[[Path, Options], Table]:
    if wanted and wanted not in FORMATS:
        raise Rejected("format", f"there is no format {wanted!r}; there are {', '.join(FORMATS)}")
    for name in FORMATS:
        if wanted == name or (not wanted and path.name.lower().endswith(_module(name).SUFFIXES)):
            found: Callable[[Path, Options], Table] = _module(name).open_table
            return found
    raise Rejected(path.name, f"has no ending that is known ({', '.join(suffixes())}); give --format")


def _module(name: str) -> Any:
    return import_module(f"lopan.connect.files.{name}")
