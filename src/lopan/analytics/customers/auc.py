"""How well a score tells those who left from those who stayed: area under the ROC curve with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from lopan.analytics.intervals import Z95


class Auc(NamedTuple):
    """The chance that one who left had the lower score than one who stayed (equal = half); bounds at 95 %."""

    value: float
    low: float
    high: float


def auc(left: Sequence[tuple[str, float]], stayed: Sequence[tuple[str, float]]) -> Auc | None:
    """From (customer, score) of each observation; None below two customers on either side.

    The interval is DeLong's with the variance of clustered data (Obuchowski 1997, Biometrics 53:567): a customer that
    is observed several times counts as one cluster. It is cut at 0 and 1.
    """
    if len({name for name, _ in left}) < 2 or len({name for name, _ in stayed}) < 2:
        return None
    x, y = np.array([score for _, score in left]), np.array([score for _, score in stayed])
    of_left = _placed(np.sort(y), x)
    of_stayed = 1 - _placed(np.sort(x), y)
    value = float(of_left.mean())
    names = sorted({name for name, _ in (*left, *stayed)})
    place = {name: index for index, name in enumerate(names)}
    own = [_clusters(of_left - value, left, place), _clusters(of_stayed - value, stayed, place)]
    m, n = len(left), len(stayed)
    groups = [len({name for name, _ in one}) for one in (left, stayed)]
    spread = groups[0] / (groups[0] - 1) * float(own[0] @ own[0]) / (m * m)
    spread += groups[1] / (groups[1] - 1) * float(own[1] @ own[1]) / (n * n)
    spread += 2 * len(names) / (len(names) - 1) * float(own[0] @ own[1]) / (m * n)
    half = Z95 * sqrt(max(0.0, spread))
    return Auc(value, max(0.0, value - half), min(1.0, value + half))


def _placed(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The share of ``ordered`` above each value, equal ones by half."""
    below, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return 1 - (below + upto) / (2 * len(ordered))


def _clusters(values: np.ndarray, told: Sequence[tuple[str, float]], place: dict[str, int]) -> np.ndarray:
    return np.bincount([place[name] for name, _ in told], weights=values, minlength=len(place))
