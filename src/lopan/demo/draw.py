"""Rows of one event type, and the draws they are made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lopan.demo.fleet import Fleet, Floats, Ints
from lopan.demo.product import DEVICES, RELEASES
from lopan.demo.sessions import Sessions


class Rows(NamedTuple):
    """Events of one type: the session of each, its time in ms since 1970, and its own columns."""

    type: str
    of: Ints
    at: Ints
    own: dict[str, pa.Array]


class Draw(NamedTuple):
    """The sessions being told, and the generator that decides."""

    fleet: Fleet
    sessions: Sessions
    rng: np.random.Generator

    def some(self, mean: float | Floats) -> tuple[Ints, Ints, Floats]:
        """Poisson many moments a session, none of a brief one: its index, the time in ms, seconds since its start."""
        of = np.repeat(np.arange(self.sessions.n), self.rng.poisson(mean * ~self.sessions.brief))
        into = self.rng.random(len(of)) * self.sessions.seconds[of]
        return of, self.sessions.start[of] + (into * 1000).astype(np.int64), into

    def device(self, of: Ints, field: str) -> Floats:
        """A factor of the device on which each of ``of`` ran."""
        return np.array([getattr(device, field) for device in DEVICES])[self.fleet.device[self.sessions.who[of]]]

    def release(self, of: Ints, field: str) -> Floats:
        """A factor of the release that each of ``of`` ran."""
        return np.array([getattr(release, field) for release in RELEASES])[self.sessions.release[of]]


def words(names: list[str], which: Ints) -> pa.Array:
    """The name for each index, as utf8."""
    return pa.array(names, pa.utf8()).take(pa.array(which))


def by_weight(rng: np.random.Generator, weights: Floats) -> Ints:
    """For each row of ``weights`` [n, choices] one index, as likely as its weight."""
    chances = np.cumsum(weights, axis=1)
    chosen: Ints = (rng.random(len(weights))[:, None] * chances[:, -1:] > chances[:, :-1]).sum(axis=1)
    return chosen


def pick(rng: np.random.Generator, weights: Sequence[float], n: int) -> Ints:
    """``n`` indices, each as likely as its weight."""
    return rng.choice(len(weights), n, p=np.array(weights) / sum(weights))
