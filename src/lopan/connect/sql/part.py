"""What one fact gets from the blocks of a pull: converted, compared with what is known, staged when it is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.connect.convert import Converter
from lopan.connect.mapping import Target
from lopan.connect.sql.known import Known
from lopan.connect.stage import Refused, Stage
from lopan.control.batches import Batch

Opening = Callable[[], AbstractContextManager[tuple[Batch, Stage | None]]]
_REMEMBERED = 200_000


class Part:
    """One target of a mapping during one pull; ``told`` are the refusals that were loaded before, by their hash.

    Nothing is staged while nothing is new.
    """

    def __init__(self, converter: Converter, known: Known, opening: Opening, told: set[int], at: datetime) -> None:
        self._converter, self._known, self._opening, self._told = converter, known, opening, told
        self._at = at
        self._stage: Stage | None = None
        self.taken = 0

    def take(self, block: pa.RecordBatch, numbers: NDArray[np.int64], staged: ExitStack) -> int:
        """Stage what is new in a block; returns how many of its rows were refused, told before or not."""
        found = self._converter(block, numbers)
        rows = self._known.new(found.block, self._at)
        fresh = [one for one in found.refused if self._is_news(one)]
        if rows.num_rows or fresh:
            made = self._staged(staged)
            made.write(rows)
            made.refuse(fresh)
            self.taken += rows.num_rows
        return len(found.refused)

    def _staged(self, staged: ExitStack) -> Stage:
        if self._stage is None:
            _, self._stage = staged.enter_context(self._opening())
            assert self._stage is not None
        return self._stage

    def _is_news(self, one: Refused) -> bool:
        """The day before the watermark is read again and again: a row is refused once, until it changes."""
        mark = hash((one.field, one.reason, one.raw))
        if mark in self._told:
            return False
        if len(self._told) < _REMEMBERED:
            self._told.add(mark)
        return True


def by_fact(targets: Sequence[Target]) -> dict[str, list[Target]]:
    """Targets of the same fact share its keys."""
    found: dict[str, list[Target]] = {}
    for target in targets:
        found.setdefault(target.fact, []).append(target)
    return found
