"""Uses of the app: who, when, how long, on which release, and how it ended. Arrays of one length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lopan.demo import facts
from lopan.demo.fleet import DAY_MS, Fleet, Floats, Ints, release_of, starts
from lopan.demo.product import REGRESSED, RELEASES, ROLES

_MEDIAN_MIN = 12.0
_MEAN_MIN = 18.5
_SIGMA = (2 * np.log(_MEAN_MIN / _MEDIAN_MIN)) ** 0.5
_LONGEST_S = 4 * 3600.0
_CRASHES = 0.0005


class Sessions(NamedTuple):
    """``start`` in ms since 1970, ``seconds`` long, ``release`` indexes RELEASES, ``ids`` is [n, 16] bytes.

    ``brief``: nothing but the launch arrived; ``late``: ms that its events waited on the device.
    """

    who: Ints
    start: Ints
    seconds: Floats
    release: Ints
    crashed: NDArray[np.bool_]
    errors: Ints
    brief: NDArray[np.bool_]
    late: Ints
    ids: NDArray[np.uint8]

    @property
    def n(self) -> int:
        """Number of sessions."""
        return len(self.who)


def of_day(fleet: Fleet, day: int, rng: np.random.Generator) -> Sessions:
    """All sessions begun on the UTC ``day`` (days since 1970)."""
    who, start = starts(fleet, day, rng)
    return begun(fleet, who, start, rng)


def begun(fleet: Fleet, who: Ints, start: Ints, rng: np.random.Generator) -> Sessions:
    """Sessions of ``who`` from ``start`` on: 12 min median and 18.5 min mean, crashed at the rate of the release."""
    n = len(who)
    release = release_of(fleet, who, start / DAY_MS)
    minutes = np.array([role.minutes for role in ROLES])
    typical = _MEDIAN_MIN * 60 * minutes / np.average(minutes, weights=[role.share for role in ROLES])
    seconds = np.clip(typical[fleet.role[who]] * rng.lognormal(0.0, _SIGMA, n), 5.0, _LONGEST_S)
    chance = _CRASHES * np.array([release.crashes for release in RELEASES])[release]
    chance = np.where(hurt(fleet, who, release), facts.HURT_CRASHES, chance)
    brief = rng.random(n) < facts.BRIEF
    late = np.minimum(rng.exponential(facts.OFFLINE_HOURS * 3_600_000, n), facts.OFFLINE_MOST_DAYS * DAY_MS)
    return Sessions(
        who=who,
        start=start,
        seconds=seconds,
        release=release,
        crashed=(rng.random(n) < chance) & ~brief,
        errors=rng.poisson(0.02, n) * ~brief,
        brief=brief,
        late=np.where(rng.random(n) < facts.OFFLINE, late, 0).astype(np.int64),
        ids=random_ids(rng, n),
    )


def hurt(fleet: Fleet, who: Ints, release: Ints) -> NDArray[np.bool_]:
    """Whether a session's scanner crashes: that of one customer's people since the release that broke it."""
    broke = [one.version for one in RELEASES].index(REGRESSED)
    found: NDArray[np.bool_] = (fleet.customer[who] == facts.HURT) & (release >= broke)
    return found


def random_ids(rng: np.random.Generator, n: int) -> NDArray[np.uint8]:
    """[n, 16] bytes, each a version 4 UUID."""
    ids = np.frombuffer(rng.bytes(16 * n), np.uint8).reshape(n, 16).copy()
    ids[:, 6] = ids[:, 6] & 0x0F | 0x40
    ids[:, 8] = ids[:, 8] & 0x3F | 0x80
    return ids
