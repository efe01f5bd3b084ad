"""Keys of rows: columns joined, or the row itself; and which keys came before, in few bytes a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lopan.connect.cells import plain, texts

BETWEEN = "/"
_UNIT = "\x1f"
_NOTHING = "\x1e"


class Seen:
    """64-bit hashes of all keys so far, 8 bytes each, sorted in runs that double."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.int64]] = []

    def again(self, hashes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of them came before, in an earlier call or in this one; they are known from now on."""
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        found = np.zeros(hashes.size, bool)
        found[order[1:]] = ordered[1:] == ordered[:-1]
        for run in self._runs:
            index = np.minimum(np.searchsorted(run, hashes), run.size - 1)
            found |= run[index] == hashes
        if hashes.size:
            self._runs.append(ordered)
        while len(self._runs) > 1 and self._runs[-1].size * 2 > self._runs[-2].size:
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]), kind="stable")
        return found


class RowKeys:
    """Keys of rows that have none: the hash of a row's cells, and of equal rows which one it is.

    The same file gives the same keys in any order of its rows, so that loading it twice changes nothing.
    """

    def __init__(self) -> None:
        self._seen = Seen()
        self._times: Counter[str] = Counter()

    def __call__(self, cells: Sequence[pa.Array]) -> pa.Array:
        """A key for every row of equally long columns."""
        columns = [texts(plain(one)) for one in cells]
        joined = pc.binary_join_element_wise(*columns, _UNIT, null_handling="replace", null_replacement=_NOTHING)
        keys = [blake2b(row, digest_size=16).hexdigest() for row in joined.cast(pa.binary()).to_pylist()]
        again = self._seen.again(hashes(keys))
        for index in np.flatnonzero(again):
            self._times[keys[index]] += 1
            keys[index] = f"{keys[index]}-{self._times[keys[index]] + 1}"
        return pa.array(keys, pa.utf8())


def joined(parts: Sequence[pa.Array]) -> pa.Array:
    """One text of several, null where one is missing; the sign between them is escaped inside, so that none collide."""
    columns = [texts(plain(one)) for one in parts]
    if len(columns) == 1:
        return columns[0]
    escaped = (pc.replace_substring(pc.replace_substring(one, "\\", r"\\"), BETWEEN, "\\" + BETWEEN) for one in columns)
    return pc.binary_join_element_wise(*escaped, BETWEEN)


def hashes(keys: Sequence[str | None]) -> NDArray[np.int64]:
    """A number for each key; good for one process only."""
    return np.fromiter(map(hash, keys), np.int64, len(keys))
