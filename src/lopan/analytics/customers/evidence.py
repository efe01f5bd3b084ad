"""What is known of one customer on one day, and how that becomes a reading of each component of its score."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from lopan.catalog.health import Component, Opinion, Profile, State, points

PRIOR_WEIGHT = 5
"""Answers that the prior counts as."""


class Answers(NamedTuple):
    """Answers of one scale: ``n`` of the 90 days up to the day, ``total`` their sum (NPS: of 100, 0 and -100 each).

    ``stale``: none came in these 90 days, and the figures are of the 90 days up to the last one. ``low`` of them are
    low, the last of these at ``low_at``.
    """

    n: int
    total: float
    stale: bool
    low: int = 0
    low_at: datetime | None = None

    @property
    def mean(self) -> float:
        """Of 1 to 5, or promoters less detractors in points."""
        return self.total / self.n


class Tickets(NamedTuple):
    """Tickets on the day: ``open``, ``critical`` of them; ``breaches`` of the 28 days before, or older and still open.

    ``reopened`` times and newly ``opened`` within the 28 days; ``known`` were there ever.
    """

    open: int = 0
    critical: int = 0
    breaches: int = 0
    reopened: int = 0
    opened: int = 0
    known: int = 0


class Evidence(NamedTuple):
    """All that the score of one customer on one day rests on; windows are the 28 days that end with it.

    ``seats`` and ``bought`` None = nothing says so. ``connected``: components of which anything was ever known of
    anybody; ``tickets_known``: whether any ticket of anybody is known on the day.
    """

    active: int
    seats: int | None
    used: frozenset[str]
    bought: frozenset[str] | None
    csat: Answers | None
    nps: Answers | None
    tickets: Tickets
    connected: Collection[Component]
    tickets_known: bool = True


class Reading(NamedTuple):
    """One component: its ``state``, the ``value`` in its own unit, the ``points`` that count, and ``n`` behind it.

    ``points`` is 0 where the component is unknown; one that isn't connected has no weight at all.
    """

    state: State
    value: float | None
    points: float
    n: int


def readings(evidence: Evidence, profile: Profile) -> dict[Component, Reading]:
    """Every component by the anchors of ``profile``."""
    found: dict[Component, Reading] = {
        "usage": _usage(evidence, profile),
        "satisfaction": _satisfaction(evidence, profile.satisfaction),
        "adoption": _adoption(evidence, profile),
        "support": _support(evidence, profile),
    }
    lost = Reading("not connected", None, 0.0, 0)
    return {name: found[name] if name in evidence.connected else lost for name in found}


def _usage(evidence: Evidence, profile: Profile) -> Reading:
    if not evidence.seats:
        return Reading("unknown", None, 0.0, evidence.active)
    value = 100 * evidence.active / evidence.seats
    state: State = "measured" if evidence.active else "no activity"
    return Reading(state, value, points(profile.usage.anchors, value) if evidence.active else 0.0, evidence.seats)


def _adoption(evidence: Evidence, profile: Profile) -> Reading:
    if not evidence.bought:
        return Reading("unknown", None, 0.0, 0)
    used = len(evidence.used & evidence.bought)
    value = 100 * used / len(evidence.bought)
    if not evidence.active and not used:
        return Reading("no activity", value, 0.0, len(evidence.bought))
    return Reading("measured", value, points(profile.adoption.anchors, value), len(evidence.bought))


def _satisfaction(evidence: Evidence, scale: Opinion) -> Reading:
    """Of the scales answered lately the lower; without any, no more than the prior or what was last known."""
    told = [
        (points(anchors, shrunk(answers, prior)), answers.mean, answers)
        for answers, anchors, prior in (
            (evidence.csat, scale.anchors, scale.prior_csat),
            (evidence.nps, scale.nps, scale.prior_nps),
        )
        if answers is not None and answers.n
    ]
    fresh = [one for one in told if not one[2].stale]
    if fresh:
        lowest = min(fresh, key=lambda one: one[0])
        return Reading("measured", lowest[1], lowest[0], sum(one[2].n for one in fresh))
    prior = points(scale.anchors, scale.prior_csat)
    if not told:
        return Reading("no answer yet", None, prior, 0)
    lowest = min(told, key=lambda one: one[0])
    return Reading("no recent answer", lowest[1], min(prior, lowest[0]), 0)


def _support(evidence: Evidence, profile: Profile) -> Reading:
    scale, tickets = profile.support, evidence.tickets
    if not evidence.tickets_known:
        return Reading("unknown", None, 0.0, 0)
    trouble = tickets.open or tickets.breaches or tickets.reopened or tickets.opened
    if not trouble and not evidence.active:
        return Reading("neutral", None, scale.neutral, 0)
    penalty = scale.critical * tickets.critical + scale.breach * tickets.breaches + scale.reopened * tickets.reopened
    value = max(0.0, 100.0 - penalty)
    return Reading("measured", value, points(scale.anchors, value), tickets.open + tickets.opened)


def shrunk(answers: Answers, prior: float) -> float:
    """(total + 5 x prior) / (n + 5): a few answers move the figure a little."""
    return (answers.total + PRIOR_WEIGHT * prior) / (answers.n + PRIOR_WEIGHT)
