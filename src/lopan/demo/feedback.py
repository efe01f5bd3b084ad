"""Answers to surveys, some with words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lopan.demo import facts
from lopan.demo.draw import Draw, Rows, by_weight, words
from lopan.demo.fleet import Floats, Ints
from lopan.demo.product import COMMENTS, ROLES


class Survey(NamedTuple):
    """``rate`` answers a session; ``weights`` of the scores from ``lowest`` on."""

    name: str
    scale: str
    rate: float
    lowest: int
    weights: tuple[float, ...]


SURVEYS = (
    Survey("in_app", "csat", 0.012, 1, facts.HAPPY),
    Survey("quarterly", "nps", 0.003, 0, (1, 1, 1, 2, 2, 4, 6, 13, 24, 26, 20)),
    Survey("app_store", "rating", 0.001, 1, (4, 3, 8, 30, 55)),
)
_COMMENTED = 0.25
_STRUGGLING = np.array([role.name == facts.STRUGGLING for role in ROLES])


def answers(draw: Draw) -> Iterator[Rows]:
    """CSAT by role, NPS and store ratings the same for all; a quarter with a comment."""
    for survey in SURVEYS:
        index, at, _ = draw.some(survey.rate)
        stuck = _STRUGGLING[draw.fleet.role[draw.sessions.who[index]]]
        likely = np.tile(np.array(survey.weights, float), (len(index), 1))
        if survey.scale == "csat":
            likely[stuck] = facts.UNHAPPY
        chosen = by_weight(draw.rng, likely)
        own = {
            "survey": pa.repeat(survey.name, len(index)),
            "scale": pa.repeat(survey.scale, len(index)),
            "score": pa.array((chosen + survey.lowest).astype(float)),
            "comment": _comments(draw, chosen / (len(survey.weights) - 1), stuck),
        }
        yield Rows("feedback", index, at, own)


def _comments(draw: Draw, height: Floats, stuck: NDArray[np.bool_]) -> pa.Array:
    """Words that fit a score of ``height`` 0-1, for a quarter of them."""
    kinds = list(COMMENTS)
    mood = np.where(height < 0.4, np.where(stuck, kinds.index("stuck"), 0), np.where(height < 0.8, 1, 2))
    each = len(COMMENTS["low"])
    which: Ints = mood * each + draw.rng.integers(0, each, len(height))
    silent = draw.rng.random(len(height)) >= _COMMENTED
    texts = [text for kind in kinds for text in COMMENTS[kind]]
    return words([*texts, ""], np.where(silent, len(texts), which))
