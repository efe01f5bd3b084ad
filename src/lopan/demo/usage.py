"""What people do in the app: features, workflows, answers to surveys, and what the app reports beside it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lopan.demo.draw import Draw, Rows, pick, words
from lopan.demo.fleet import Floats
from lopan.demo.product import INCIDENTS, ROLES, SCREENS, WORKFLOWS

_FEATURES = list(SCREENS)


def actions(draw: Draw, mean: Floats) -> Rows:
    """Features by the role's liking."""
    index, at, _ = draw.some(mean)
    weights = np.array([[dict(role.features).get(feature, 0) for feature in _FEATURES] for role in ROLES], float)
    chances = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[draw.fleet.role[draw.sessions.who[index]]]
    feature = (draw.rng.random(len(index))[:, None] > chances[:, :-1]).sum(axis=1)
    own = {
        "feature": words(_FEATURES, feature),
        "action": words(["open", "complete", "search"], pick(draw.rng, [5, 3, 2], len(index))),
        "screen": words(list(SCREENS.values()), feature),
    }
    return Rows("action", index, at, own)


def workflows(draw: Draw) -> Rows:
    """A quarter of the sessions run their role's workflow; each step is reached by 93 % of those before it."""
    index, at, _ = draw.some(0.25)
    names = [role.workflow for role in ROLES]
    length = np.array([len(WORKFLOWS[name]) for name in names])[draw.fleet.role[draw.sessions.who[index]]]
    reached = np.minimum(draw.rng.geometric(0.07, len(index)), length)
    step = np.arange(reached.sum()) - np.repeat(np.cumsum(reached) - reached, reached)
    index, at, run = np.repeat(index, reached), np.repeat(at, reached) + step * 9_000, np.repeat(at, reached)
    role = draw.fleet.role[draw.sessions.who[index]]
    longest = max(map(len, WORKFLOWS.values()))
    steps = [WORKFLOWS[name][min(i, len(WORKFLOWS[name]) - 1)] for name in names for i in range(longest)]
    end = draw.sessions.start[index] + (draw.sessions.seconds[index] * 1000).astype(np.int64)
    own = {
        "workflow": words(names, role),
        "instance": pa.array(np.char.add("w", run.astype(str)).tolist(), pa.utf8()),
        "step": words(steps, role * longest + step),
        "status": pa.repeat("completed", len(index)),
    }
    return Rows("workflow", index, np.minimum(at, end), own)


def feedback(draw: Draw) -> Iterator[Rows]:
    """CSAT 1-5 with a mean of 4.4, and NPS 0-10."""
    for survey, rate, scores, weights in (
        ("csat", 0.012, [1, 2, 3, 4, 5], [1, 2, 7, 36, 54]),
        ("nps", 0.003, list(range(11)), [1, 1, 1, 2, 2, 4, 6, 13, 24, 26, 20]),
    ):
        index, at, _ = draw.some(rate)
        score = np.array(scores, float)[pick(draw.rng, [float(weight) for weight in weights], len(index))]
        own = {
            "survey": pa.repeat("in_app", len(index)),
            "scale": pa.repeat(survey, len(index)),
            "score": pa.array(score),
        }
        yield Rows("feedback", index, at, own)


def security(draw: Draw) -> Rows:
    """About one a day over the whole fleet."""
    index, at, _ = draw.some(0.0003)
    which = pick(draw.rng, [6, 2, 2, 1], len(index))
    own = {
        name: words([incident[i] for incident in INCIDENTS], which)
        for i, name in enumerate(("category", "severity", "detail"))
    }
    return Rows("security", index, at, own)


def optimizers(draw: Draw) -> Rows:
    """The two optimisers of the app and what they say they gained."""
    index, at, _ = draw.some(0.12)
    n = len(index)
    which = pick(draw.rng, [1, 1], n)
    before = np.where(which == 0, draw.rng.normal(150, 12, n), draw.rng.normal(57.5, 0.8, n))
    after = np.where(
        which == 0, before * draw.rng.uniform(0.78, 0.92, n), np.minimum(before + draw.rng.uniform(0.8, 2.4, n), 60)
    )
    own = {
        "component": words(["memory_manager", "scroll_optimizer"], which),
        "state": pa.repeat("optimized", n),
        "metric": words(["footprint_mb", "frame_rate"], which),
        "before": pa.array(before.round(2)),
        "after": pa.array(after.round(2)),
    }
    return Rows("optimizer", index, at, own)
