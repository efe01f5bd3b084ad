"""Rows that are none: totals below a table, told by their first word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from lopan.connect.files.table import Block

LAST = 5
"""How many rows from the end may be totals."""

_TOTAL = re.compile(
    r"^(grand\s+|sub[\s-]?)?(total|totals|sum|summe|gesamt|gesamtsumme|zwischensumme|somme|suma|totale|totaal|toplam)\b",
    re.IGNORECASE,
)


def is_total(cells: Iterable[object]) -> bool:
    """Whether the first text of a row is a word for a total."""
    first = next((cell for cell in cells if cell not in (None, "")), None)
    return isinstance(first, str) and _TOTAL.match(first.strip()) is not None


def without_totals(blocks: Iterable[Block], found: dict[str, str]) -> Iterator[Block]:
    """The blocks without total rows at their very end, which are told as text in ``found`` of their table."""
    held: Block | None = None
    for block in blocks:
        if held is not None:
            yield held
        held = block
    if held is None:
        return
    told: list[str] = []
    left = _trimmed(held, told)
    kept = [one for one in left.refused if not (one.row > _last(left) - LAST and _told(one.raw, told))]
    if told:
        found["totals left out"] = " | ".join(told)
    yield left._replace(refused=kept)


def _last(block: Block) -> int:
    rows = [int(block.numbers[-1])] if block.numbers.size else []
    return max([*rows, *(one.row for one in block.refused)], default=0)


def _told(raw: str, told: list[str]) -> bool:
    if not is_total(re.split(r"[;,\t|]", raw.strip('"'))):
        return False
    told.append(raw[:200])
    return True


def _trimmed(block: Block, told: list[str]) -> Block:
    count = block.rows.num_rows
    start = max(0, count - LAST)
    tail = block.rows.slice(start).to_pylist()
    keep = np.ones(count, bool)
    for index, row in enumerate(tail):
        if is_total(row.values()):
            keep[start + index] = False
            told.append("; ".join("" if cell is None else str(cell) for cell in row.values())[:200])
    if keep.all():
        return block
    return block._replace(rows=block.rows.filter(pa.array(keep)), numbers=block.numbers[keep])
