"""Who fails at a step that the others pass: a role or release that loses more of its runs there, beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from lopan.analytics.features import share
from lopan.analytics.intervals import z_shares
from lopan.analytics.workflows import MIN_RUNS, Entry, Funnel, Split, WorkflowUse

LEAST_POINTS = 5.0
"""A smaller difference, in percentage points of the runs that came to the step, is nobody's trouble."""

_CERTAIN = 3.29
"""Many steps of many groups are looked at, so 95 % would find trouble where there is none: this is 99.9 %."""


class Struggle(msgspec.Struct, frozen=True, kw_only=True):
    """``lost`` per cent of the group's ``n`` runs that came to the step ended there, of the others' ``others``.

    Seconds are medians for the step, None where it is not timed (any entry) or nobody passed it.
    """

    workflow: str
    axis: Literal["role", "release"]
    key: str
    title: str
    step: str
    lost: float
    others: float
    n: int
    median_s: float | None
    everyone_s: float | None


def struggles(use: WorkflowUse, entry: Entry = "first") -> list[Struggle]:
    """All of one workflow, the greatest difference first; groups and rests below the minimum are not judged."""
    whole = _funnel(use, entry)
    axes: Sequence[tuple[Literal["role", "release"], list[Split]]] = (("role", use.roles), ("release", use.releases))
    found = [
        one for axis, splits in axes for split in splits if split.enough for one in _of(use, axis, split, whole, entry)
    ]
    return sorted(found, key=lambda one: (one.others - one.lost, one.axis, one.key, one.step))


def _of(
    use: WorkflowUse, axis: Literal["role", "release"], split: Split, whole: Funnel, entry: Entry
) -> list[Struggle]:
    found = []
    came, all_came = _funnel(split, entry).started, whole.started
    for own, everyone in zip(_funnel(split, entry).steps, whole.steps, strict=True):
        rest, rest_lost = all_came - came, everyone.dropped - own.dropped
        lost, others = share(own.dropped, came), share(rest_lost, rest)
        z = z_shares(own.dropped, came, rest_lost, rest)
        if (
            lost is not None
            and others is not None
            and min(came, rest) >= MIN_RUNS
            and lost - others >= LEAST_POINTS
            and abs(z) >= _CERTAIN
        ):
            found.append(
                Struggle(
                    workflow=use.id,
                    axis=axis,
                    key=split.key,
                    title=split.title,
                    step=own.name,
                    lost=lost,
                    others=others,
                    n=came,
                    median_s=own.median_s,
                    everyone_s=everyone.median_s,
                )
            )
        came, all_came = own.reached, everyone.reached
    return found


def _funnel(one: WorkflowUse | Split, entry: Entry) -> Funnel:
    return one.any if entry == "any" else one.first
