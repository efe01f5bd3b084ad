"""What every file format gives: named columns, blocks of rows with their numbers, and how it was found to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.connect.stage import Refused


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a file is read; what is not given is detected and shown. ``header_row`` counts lines or sheet rows from 1."""

    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int | None = None


class Block(NamedTuple):
    """Rows in order, their numbers (1 = the first of data), those that could not be rows, and the share read so far."""

    rows: pa.RecordBatch
    numbers: NDArray[np.int64]
    refused: list[Refused]
    share: float


class Table(NamedTuple):
    """``found`` says how the file is read and by what evidence; ``blocks`` goes through it from the start each time."""

    format: str
    columns: list[str]
    found: dict[str, str]
    blocks: Callable[[], Iterator[Block]]
    choices: Mapping[str, Sequence[str]] = MappingProxyType({})
    """What else could have been chosen, as the sheets of a workbook."""


def headings(rows: Sequence[Sequence[object]], index: int) -> list[str]:
    """The names in row ``index``; where one is empty, that of the row above, as cells merged downwards have it.

    Twins are numbered, "A (1)" and "A (2)"; a column without any name is called by its place.
    """
    above = rows[index - 1] if index else []
    names = [_word(cell) or _word(above[place] if place < len(above) else "") for place, cell in enumerate(rows[index])]
    plain = [name or f"column {place}" for place, name in enumerate(names, 1)]
    counts, seen = Counter(plain), Counter[str]()
    found = []
    for name in plain:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if counts[name] > 1 else name)
    return found


def _word(cell: object) -> str:
    return " ".join(str(cell).split()) if cell is not None else ""


def header(rows: Sequence[Sequence[object]]) -> int:
    """Which of the first rows has the headings: the first that is as wide as the table below it; titles are narrow."""
    filled = [sum(cell not in (None, "") for cell in row) for row in rows]
    if not filled:
        return 0
    below = Counter(count for count in filled[1:] if count > 1) or Counter(filled)
    width = max(below, key=lambda count: (below[count], count))
    return next((index for index, count in enumerate(filled) if count >= max(1, 0.6 * width)), 0)
