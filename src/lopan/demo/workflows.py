"""Runs of workflows, step by step: how long each takes, where it fails, and who gives up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from lopan.demo import facts
from lopan.demo.draw import Draw, Rows, by_weight, words
from lopan.demo.product import ROLES, WORKFLOWS, Step

_FLOWS = list(WORKFLOWS)
_STEPS = max(map(len, WORKFLOWS.values()))
_LENGTHS = np.array([len(steps) for steps in WORKFLOWS.values()])
_RUN = np.array([[dict(role.workflows).get(flow, 0) for flow in _FLOWS] for role in ROLES], float)

_A_SESSION = 0.2
_RETRIED, _AGAIN = 0.04, 0.7
_PAUSE_S = 0.4
_STATUSES = ["started", "failed", "completed", "abandoned"]
_STARTED, _FAILED, _COMPLETED, _ABANDONED = range(4)


def runs(draw: Draw) -> Rows:
    """A fifth of the sessions run one: each step says when it started and how it ended, a few are tried twice.

    A run that the end of its session cuts off falls silent; another may end with a failure or be abandoned.
    Arrays are [runs, steps], then [runs, steps, 4]: started, and when tried again failed and started, then its end.
    """
    index, _, _ = draw.some(_A_SESSION)
    role = draw.fleet.role[draw.sessions.who[index]]
    flow = by_weight(draw.rng, _RUN[role])
    shape = (len(index), _STEPS)
    took = _TOOK[role, flow] * draw.rng.lognormal(0.0, 0.45, shape)
    stops = draw.rng.random(shape) < _LOST[role, flow]
    retried = draw.rng.random(shape) < _RETRIED
    reached = np.minimum(np.where(stops.any(axis=1), stops.argmax(axis=1) + 1, _STEPS), _LENGTHS[flow])
    whole = took * (1 + _AGAIN * retried)
    until = np.cumsum(whole + _PAUSE_S, axis=1)
    begin = until - whole - _PAUSE_S
    length = draw.sessions.seconds[index]
    lead = draw.rng.random(len(index)) * np.maximum(length - until[:, -1], 0)
    into = lead[:, None, None] + np.stack([begin, begin + took, begin + took + _PAUSE_S, begin + whole], axis=2)
    gave_up = np.where(draw.rng.random(shape) < 0.4, _FAILED, _ABANDONED)
    ended = np.where(stops, gave_up, _COMPLETED)
    status = np.stack([np.full(shape, _STARTED), np.full(shape, _FAILED), np.full(shape, _STARTED), ended], axis=2)
    told = (np.arange(_STEPS) < reached[:, None])[:, :, None] & (into < length[:, None, None])
    told = told & np.stack([np.ones_like(retried), retried, retried, np.ones_like(retried)], axis=2)
    run, step, _ = np.nonzero(told)
    at = draw.sessions.start[index[run]] + (into[told] * 1000).astype(np.int64)
    named = draw.sessions.start[index] + (lead * 1000).astype(np.int64)
    own = {
        "workflow": words(_FLOWS, flow[run]),
        "instance": pa.array(np.char.add("w", named.astype(str)).tolist(), pa.utf8()).take(pa.array(run)),
        "step": words([step.name for name in _FLOWS for step in _padded(name)], flow[run] * _STEPS + step),
        "status": words(_STATUSES, status[told]),
    }
    return Rows("workflow", index[run], at, own)


def _padded(flow: str) -> Sequence[Step]:
    steps = WORKFLOWS[flow]
    return [steps[min(i, len(steps) - 1)] for i in range(_STEPS)]


_STEP = np.array([[[(s.seconds, s.lost) for s in _padded(flow)] for flow in _FLOWS] for _ in ROLES], float)
_TOOK, _LOST = _STEP[..., 0], _STEP[..., 1]
"""[roles, workflows, steps]"""
_STUCK = (
    [role.name for role in ROLES].index(facts.STRUGGLING),
    _FLOWS.index(facts.TROUBLED),
    [step.name for step in WORKFLOWS[facts.TROUBLED]].index(facts.STUCK),
)
_TOOK[_STUCK] *= facts.STUCK_TIMES
_LOST[_STUCK] = facts.STUCK_LOST
