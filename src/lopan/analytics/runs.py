"""Runs of workflows in memory: how many got how far, and their times in order; of any days together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise, zip_longest
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Times = npt.NDArray[np.uint32]
Split = Literal["", "role", "release"]
Group = tuple[str, Split, str]
"""A workflow, and the role or release that its runs are of; '' = all of them."""

_GROUP_BYTES = 600
_PART_BYTES = 150


class Runs(msgspec.Struct, frozen=True):
    """``begun`` runs; ``first`` and ``any``: how many got to each stage, by entry mode, empty when none is judged yet.

    ``gaps`` are the ms from stage to stage, ``totals`` those of the completed; by first entry, in order.
    """

    begun: int
    first: tuple[int, ...]
    any: tuple[int, ...]
    gaps: tuple[Times, ...]
    totals: Times

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        own = (_PART_BYTES + times.nbytes for times in (*self.gaps, self.totals))
        return _GROUP_BYTES + sum(own)


class Began(NamedTuple):
    """Runs with equal stamps that began on one day; they are judged from ``due`` on, in s since 1970."""

    workflow: str
    role: str
    release: str
    due: int
    runs: Runs


class Told(NamedTuple):
    """What runs come to; ``gaps`` and ``totals``: median and p90 in ms, None where nobody got there."""

    begun: int
    first: tuple[int, ...]
    any: tuple[int, ...]
    gaps: list[tuple[float, float] | None]
    totals: tuple[float, float] | None


def began(table: pa.Table) -> list[tuple[date, Began]]:
    """Days and runs of the rows of ``workflow_runs.sql``."""
    found: list[tuple[date, Began]] = []
    for batch in table.to_batches():
        gaps, totals = batch.column("gaps"), batch.column("totals")
        times, ends = gaps.values.values.to_numpy(), gaps.values.offsets.to_pylist()
        stages, last, done = gaps.offsets.to_pylist(), totals.offsets.to_pylist(), totals.values.to_numpy()
        names = ("day", "workflow", "role", "release", "due", "begun", "first", "any")
        for index, row in enumerate(zip(*(batch.column(name).to_pylist() for name in names), strict=True)):
            day, workflow, role, release, due, number, first, other = row
            own = pairwise(ends[stages[index] : stages[index + 1] + 1])
            runs = Runs(
                begun=number,
                first=tuple(first),
                any=tuple(other),
                gaps=tuple(np.sort(times[start:end]) for start, end in own),
                totals=np.sort(done[last[index] : last[index + 1]]),
            )
            found.append((day, Began(workflow, role, release, due, runs)))
    return found


def grouped(rows: Iterable[Began], at: int) -> dict[Group, Runs]:
    """Each workflow, and each of its roles and releases; runs that are not judged ``at`` that time have only begun."""
    parts: dict[Group, list[Runs]] = {}
    for row in rows:
        runs = row.runs if row.due <= at else Runs(row.runs.begun, (), (), (), _NEVER)
        splits: Sequence[tuple[Split, str]] = (("", ""), ("role", row.role), ("release", row.release))
        for split, name in splits:
            parts.setdefault((row.workflow, split, name), []).append(runs)
    return {group: merged(mine) for group, mine in parts.items()}


def merged(parts: Sequence[Runs]) -> Runs:
    """All of them in one."""
    if len(parts) == 1:
        return parts[0]
    return Runs(
        begun=sum(part.begun for part in parts),
        first=added(part.first for part in parts),
        any=added(part.any for part in parts),
        gaps=tuple(_ordered(times) for times in zip_longest(*(part.gaps for part in parts), fillvalue=_NEVER)),
        totals=_ordered([part.totals for part in parts]),
    )


def told(group: Group, past: Mapping[Group, Runs], current: Mapping[Group, Runs]) -> Told:
    """The figures of both together, exact, without putting their times into one list."""
    one, other = past.get(group, NONE), current.get(group, NONE)
    return Told(
        begun=one.begun + other.begun,
        first=added((one.first, other.first)),
        any=added((one.any, other.any)),
        gaps=[_quantiles(*times) for times in zip_longest(one.gaps, other.gaps, fillvalue=_NEVER)],
        totals=_quantiles(one.totals, other.totals),
    )


_NEVER: Times = np.empty(0, np.uint32)
NONE = Runs(0, (), (), (), _NEVER)


def added(counts: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Sums by place; a shorter one has nothing there."""
    return tuple(sum(column) for column in zip_longest(*counts, fillvalue=0))


def _ordered(times: Sequence[Times]) -> Times:
    together = np.concatenate(times)
    together.sort()
    return together


def _quantiles(one: Times, other: Times) -> tuple[float, float] | None:
    """Median and p90, linear between neighbours; None of nothing."""
    number = len(one) + len(other)
    return (_quantile(one, other, number, 0.5), _quantile(one, other, number, 0.9)) if number else None


def _quantile(one: Times, other: Times, number: int, level: float) -> float:
    rank = level * (number - 1)
    below = int(rank)
    low = _ranked(one, other, below)
    return low if below == rank else low + (rank - below) * (_ranked(one, other, below + 1) - low)


def _ranked(one: Times, other: Times, rank: int) -> int:
    """The number before which, in the order of both lists, there are ``rank`` others."""
    low, high = max(0, rank - len(one)), min(rank, len(other))
    while low < high:
        middle = (low + high) // 2
        if other[middle] < one[rank - 1 - middle]:
            low = middle + 1
        else:
            high = middle
    heads = [int(times[at]) for times, at in ((other, low), (one, rank - low)) if at < len(times)]
    return min(heads)
