"""Which features people use, and what the app reports beside it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lopan.demo import facts
from lopan.demo.draw import Draw, Rows, by_weight, pick, words
from lopan.demo.fleet import DAY_MS, Floats
from lopan.demo.product import INCIDENTS, ROLES, SCREENS

_FEATURES = list(SCREENS)
_LIKED = np.array([[dict(role.features).get(feature, 0) for feature in _FEATURES] for role in ROLES], float)


def actions(draw: Draw, mean: Floats) -> Rows:
    """Features by the role's liking; the new one by those who have found it."""
    index, at, _ = draw.some(mean)
    who = draw.sessions.who[index]
    feature = by_weight(draw.rng, _LIKED[draw.fleet.role[who]])
    found = draw.fleet.finds[who] * DAY_MS <= draw.sessions.start[index]
    new = found & (draw.rng.random(len(index)) < facts.NEW_USES)
    feature = np.where(new, _FEATURES.index(facts.NEW_FEATURE), feature)
    own = {
        "feature": words(_FEATURES, feature),
        "action": words(["open", "complete", "search"], pick(draw.rng, [5, 3, 2], len(index))),
        "screen": words(list(SCREENS.values()), feature),
    }
    return Rows("action", index, at, own)


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
