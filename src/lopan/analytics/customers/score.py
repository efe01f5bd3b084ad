"""The health score from readings of its components, and a change of it as the sum of theirs.

What is missing never helps: an unknown component counts 0, a customer that has not answered what the profile expects,
and one that has stopped answering no more than it last said. Only a source that was never connected for anybody has no
weight, and then the coverage says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from lopan.analytics.customers.evidence import Evidence, Reading, readings
from lopan.catalog.health import COMPONENTS, Component, Profile, State

Colour = Literal["healthy", "watch", "at risk", "insufficient"]
Going = Literal["improving", "stable", "worsening", "unknown"]

COLOURS: Final[tuple[Colour, ...]] = ("at risk", "watch", "insufficient", "healthy")
"""The most urgent first."""
COVERED: Final[frozenset[State]] = frozenset({"measured", "no activity", "neutral"})
FULL, HALF = 75.0, 50.0
"""Coverage in per cent below which the colour goes by the lower bound, and below which there is none."""
STABLE: Final = 5.0
"""Points: a smaller change is none."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One component in the score. ``weight`` in per cent of what is connected, ``points`` 0-100, ``target`` in points.

    ``contribution``: points of the score; those of all components add up to it exactly. ``value`` in the component's
    own unit (per cent of seats or features, CSAT or NPS, points left after penalties), ``n`` is what it rests on.
    """

    component: Component
    state: State
    value: float | None
    points: float
    n: int
    weight: float
    contribution: float
    target: float

    @property
    def gap(self) -> float:
        """What reaching the target would add to the score."""
        return self.weight / 100 * (self.target - self.points)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """A score of 0-100 in tenths, between ``low`` and ``high``, which take what is missing as 0 and as 100.

    ``coverage``: per cent of the weights that rest on something measured. ``score`` None = no source is connected.
    """

    score: float | None
    low: float
    high: float
    coverage: float
    colour: Colour
    profile: str
    parts: list[Part]

    def part(self, component: Component) -> Part:
        """The part of that name."""
        return next(part for part in self.parts if part.component == component)


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """What one component added to the change of a score, with the component before and after."""

    component: Component
    delta: float
    before: Part
    after: Part


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """``delta`` points since 28 days before, the sum of its shifts; the largest shift in that direction comes first.

    ``going`` is stable below 5 points and unknown where a side is insufficient. ``profiles``: (before, after) where the
    customer is judged by another profile now.
    """

    delta: float
    going: Going
    shifts: list[Shift]
    profiles: tuple[str, str] | None = None


def health(evidence: Evidence, profile: Profile) -> Health:
    """The score of what is known."""
    return score(readings(evidence, profile), profile)


def score(found: Mapping[Component, Reading], profile: Profile) -> Health:
    """The score of readings of all components."""
    weights = {name: profile.weight(name) for name in COMPONENTS}
    connected = [name for name in COMPONENTS if found[name].state != "not connected"]
    weight = sum(weights[name] for name in connected)
    covered = [name for name in COMPONENTS if found[name].state in COVERED]
    coverage = round(100 * sum(weights[name] for name in covered), 6)
    low = sum(weights[name] * found[name].points for name in covered)
    high = low + 100 * sum(weights[name] for name in COMPONENTS if name not in covered)
    shares = {name: weights[name] / weight if weight and name in connected else 0.0 for name in COMPONENTS}
    exact = [shares[name] * found[name].points * 10 for name in COMPONENTS]
    tenths = _tenths(sum(exact)) if weight else None
    allotted = _allotted(exact, tenths or 0)
    bounds = _tenths(low * 10), _tenths(high * 10)
    if tenths is not None:
        bounds = min(bounds[0], tenths), max(bounds[1], tenths)
    parts = [
        Part(
            component=name,
            state=found[name].state,
            value=found[name].value,
            points=found[name].points,
            n=found[name].n,
            weight=100 * shares[name],
            contribution=tenth / 10,
            target=profile.scale(name).target,
        )
        for name, tenth in zip(COMPONENTS, allotted, strict=True)
    ]
    return Health(
        score=None if tenths is None else tenths / 10,
        low=bounds[0] / 10,
        high=bounds[1] / 10,
        coverage=coverage,
        colour=_colour(tenths, bounds[0], coverage, profile),
        profile=profile.id,
        parts=parts,
    )


def change(before: Health | None, after: Health) -> Change | None:
    """What moved; None where there was or is no score."""
    if before is None or before.score is None or after.score is None:
        return None
    shifts = []
    for name in COMPONENTS:
        then, now = before.part(name), after.part(name)
        tenths = round(10 * now.contribution) - round(10 * then.contribution)
        shifts.append(Shift(component=name, delta=tenths / 10, before=then, after=now))
    delta = sum(round(10 * shift.delta) for shift in shifts) / 10
    going: Going = "stable" if abs(delta) < STABLE else "improving" if delta > 0 else "worsening"
    if "insufficient" in (before.colour, after.colour):
        going = "unknown"
    side = -1 if delta < 0 else 1
    shifts.sort(key=lambda shift: -side * shift.delta)
    other = (before.profile, after.profile) if before.profile != after.profile else None
    return Change(delta=delta, going=going, shifts=shifts, profiles=other)


def _colour(tenths: int | None, low: int, coverage: float, profile: Profile) -> Colour:
    if tenths is None or coverage < HALF:
        return "insufficient"
    judged = tenths if coverage >= FULL else low
    return "healthy" if judged >= 10 * profile.healthy else "watch" if judged >= 10 * profile.watch else "at risk"


def _tenths(value: float) -> int:
    """Rounded half up, so that more never becomes less."""
    return math.floor(value + 0.5)


def _allotted(exact: Sequence[float], total: int) -> list[int]:
    """Whole numbers near ``exact`` that add up to ``total``: what is left goes to the largest remainders."""
    whole = [math.floor(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    for index in order[: total - sum(whole)]:
        whole[index] += 1
    return whole
