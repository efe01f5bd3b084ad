"""Which event ids were seen before: sorted runs of 16-byte ids, the young ones in memory, the rest mapped from disk.

Exact for everything within ``KEEP_DAYS``; older events are refused at the door, so a repeat can't slip past.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

FLUSH_IDS = 262_144
FAN_OUT = 8
KEEP_DAYS = 33
_PARTITIONS = 64


class Run(NamedTuple):
    """Sorted ids of the segments ``first`` to ``last``; ``high`` is the order, ``low`` tells equal ones apart."""

    high: Ids
    low: Ids
    first: int
    last: int
    path: Path | None = None


def halves(packed: bytes | memoryview) -> tuple[Ids, Ids]:
    """16-byte ids as two columns of big-endian numbers."""
    pairs = np.frombuffer(packed, ">u8").reshape(-1, 2)
    return pairs[:, 0].astype(np.uint64), pairs[:, 1].astype(np.uint64)


class Seen:
    """Belongs to the writer's thread. ``last`` is the segment up to which the files on disk know everything."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        for leftover in root.glob("*.new"):
            leftover.unlink()
        self._runs = _whole([_open(path) for path in root.glob("*.ids")])
        self._young: list[Run] = []
        self._sorted: tuple[Ids, Ids] | None = None
        self.last = max((run.last for run in self._runs), default=0)

    def fresh(self, high: Ids, low: Ids) -> Mask:
        """True for the first appearance of an id, False for a repeat; zero ids (none was sent) are always fresh."""
        order = np.argsort(high)
        if (np.diff(high[order]) == 0).any():
            order = np.argsort(high, kind="stable")  # several times as slow, and the first of equal ones comes first
        high, low = high[order], low[order]
        repeated = _repeats_within(high, low)
        for run in (*self._young, *self._runs):
            repeated |= _found(run, high, low)
        named = (high != 0) | (low != 0)
        repeated &= named
        kept = (~repeated & named).nonzero()[0] if (repeated | ~named).any() else slice(None)
        self._sorted = high[kept], low[kept]
        mask = np.empty(len(order), np.bool_)
        mask[order] = ~repeated
        return mask

    def add(self, number: int) -> bool:
        """Remember the ids that ``fresh`` found fresh last, as segment ``number``; True when files were written."""
        if self._sorted is not None:
            self._young.append(Run(*self._sorted, number, number))
            self._sorted = None
        if len(self._young) > FAN_OUT:
            self._young = [_merge(self._young)]
        if sum(len(run.high) for run in self._young) < FLUSH_IDS:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write the young ids to disk, then merge files of like size and drop those past keeping."""
        if not self._young:
            return
        young = _merge(self._young)
        self._runs.append(_save(self._root, young))
        self._young = []
        self.last = young.last
        self._compact()

    def _compact(self) -> None:
        oldest = time.time() - KEEP_DAYS * 86_400
        for run in [run for run in self._runs if run.path and run.path.stat().st_mtime < oldest]:
            self._drop(run)
        size = FLUSH_IDS
        while any(len(run.high) >= size for run in self._runs) or size == FLUSH_IDS:
            level = [run for run in self._runs if len(run.high) < size * FAN_OUT]
            if len(level) >= FAN_OUT:
                merged = _save(self._root, _merge(level))
                for run in level:
                    self._drop(run)
                self._runs.append(merged)
            size *= FAN_OUT

    def _drop(self, run: Run) -> None:
        self._runs = [other for other in self._runs if other is not run]
        if run.path:
            run.path.unlink()


def _repeats_within(high: Ids, low: Ids) -> Mask:
    """Repeats inside one sorted block; the first of a group in arrival order stays."""
    repeated = np.zeros(len(high), np.bool_)
    group: set[int] = set()
    previous = -2
    for at in (np.flatnonzero(high[1:] == high[:-1]) + 1).tolist():
        if at != previous + 1:
            group = {int(low[at - 1])}
        key = int(low[at])
        repeated[at] = key in group
        group.add(key)
        previous = at
    return repeated


def _found(run: Run, high: Ids, low: Ids) -> Mask:
    found = np.zeros(len(high), np.bool_)
    if not len(run.high):
        return found
    at = np.searchsorted(run.high, high)
    inside = at < len(run.high)
    at[~inside] = 0
    candidates = np.flatnonzero(inside & (run.high[at] == high))
    exact = run.low[at[candidates]] == low[candidates]
    found[candidates[exact]] = True
    for index in candidates[~exact]:
        stop = int(np.searchsorted(run.high, high[index], side="right"))
        found[index] = bool((run.low[at[index] : stop] == low[index]).any())
    return found


def _merge(runs: list[Run]) -> Run:
    """One sorted run out of several, by slices of the number range so that little memory is needed besides."""
    total = sum(len(run.high) for run in runs)
    high, low = np.empty(total, np.uint64), np.empty(total, np.uint64)
    at = 0
    bounds = [np.uint64(part << 58) for part in range(_PARTITIONS)]
    cuts = [[*(int(cut) for cut in np.searchsorted(run.high, bounds)), len(run.high)] for run in runs]
    for part in range(_PARTITIONS):
        slices = [(run, cut[part], cut[part + 1]) for run, cut in zip(runs, cuts, strict=True)]
        highs = np.concatenate([run.high[a:b] for run, a, b in slices])
        order = np.argsort(highs, kind="stable")
        high[at : at + len(highs)] = highs[order]
        low[at : at + len(highs)] = np.concatenate([run.low[a:b] for run, a, b in slices])[order]
        at += len(highs)
    return Run(high, low, min(run.first for run in runs), max(run.last for run in runs))


def _save(root: Path, run: Run) -> Run:
    path = root / f"{run.first:012d}-{run.last:012d}.ids"
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(run.high.data)
        file.write(run.low.data)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    directory = os.open(root, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    return _open(path)


def _open(path: Path) -> Run:
    first, _, last = path.stem.partition("-")
    count = path.stat().st_size // 16
    if count:
        pairs = np.memmap(path, np.uint64, "r", shape=(2, count))
        return Run(pairs[0], pairs[1], int(first), int(last), path)
    return Run(np.empty(0, np.uint64), np.empty(0, np.uint64), int(first), int(last), path)


def _whole(runs: list[Run]) -> list[Run]:
    """Without the files that a merge had replaced when the process was killed before it could delete them."""
    kept: list[Run] = []
    for run in sorted(runs, key=lambda run: (run.first, -run.last)):
        if kept and run.last <= kept[-1].last:
            if run.path:
                run.path.unlink()
        else:
            kept.append(run)
    return kept
