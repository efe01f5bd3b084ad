"""How customers are judged and what is advised: profiles of the health score and rules of advice, as TOML.

Built in under ``customers/`` (profiles) and ``customers/rules/`` (one rule a file); an operator's
``lopan.d/customers/`` adds entries, or replaces one of the same id.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from lopan.catalog import toml
from lopan.errors import ConfigError

Component = Literal["usage", "satisfaction", "adoption", "support"]
State = Literal["measured", "no activity", "neutral", "no answer yet", "no recent answer", "unknown", "not connected"]
COMPONENTS: Final[tuple[Component, ...]] = ("usage", "satisfaction", "adoption", "support")
"""Of every score, in the order in which they are shown."""

Points = Annotated[float, Meta(ge=0, le=100)]
Weight = Annotated[float, Meta(ge=0, le=1_000)]
Penalty = Annotated[float, Meta(ge=0, le=100)]
Anchor = tuple[float, Points]
Anchors = Annotated[tuple[Anchor, ...], Meta(min_length=2, max_length=20)]
Id = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,63}$")]


class Scale(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A component: ``anchors`` (value, points) with straight lines between them; ``target`` in points.

    The first anchor is the floor, below which there is nothing less, the last one is where there is nothing more.
    """

    anchors: Anchors
    target: Points = 80.0
    weight: Weight = 1.0

    def __post_init__(self) -> None:
        """Refuse anchors out of order."""
        _check(self.anchors)


class Opinion(Scale, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Satisfaction: ``anchors`` of a CSAT of 1 to 5, ``nps`` of -100 to 100; few answers are drawn to the priors."""

    nps: Anchors
    prior_csat: Annotated[float, Meta(ge=1, le=5)] = 4.0
    prior_nps: Annotated[float, Meta(ge=-100, le=100)] = 20.0

    def __post_init__(self) -> None:
        """Refuse anchors out of order."""
        _check(self.anchors)
        _check(self.nps)


class Care(Scale, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Support: 100 less the penalties of each open critical ticket, SLA breach and reopened ticket.

    ``neutral`` points are those of a customer without tickets whom nobody uses the app at either.
    """

    critical: Penalty = 30.0
    breach: Penalty = 15.0
    reopened: Penalty = 10.0
    neutral: Points = 50.0


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How some customers are judged: those of ``segments`` (none = all) whose first contract is young.

    ``until_days`` is the age in days from which it holds no more, 0 = any. A score from ``healthy`` on is healthy, from
    ``watch`` on to be watched, below at risk. Weights count in proportion to their sum.
    """

    id: Id
    title: str
    segments: tuple[str, ...] = ()
    until_days: Annotated[int, Meta(ge=0, le=3_650)] = 0
    healthy: Points = 70.0
    watch: Points = 40.0
    usage: Scale
    satisfaction: Opinion
    adoption: Scale
    support: Care

    def __post_init__(self) -> None:
        """Refuse a profile in which nothing has a weight, and bands out of order."""
        if not any(self.scale(name).weight for name in COMPONENTS):
            raise ValueError(f"profile {self.id}: at least one component needs a weight above 0")
        if self.watch > self.healthy:
            raise ValueError(f"profile {self.id}: watch {self.watch:g} lies above healthy {self.healthy:g}")

    def scale(self, component: Component) -> Scale:
        """The component's anchors, weight and target."""
        found: Scale = getattr(self, component)
        return found

    def weight(self, component: Component) -> float:
        """Its share of the score, 0-1."""
        return self.scale(component).weight / sum(self.scale(name).weight for name in COMPONENTS)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about a component below its target, in one of ``states`` and, with ``needs``, such evidence above 0.

    The first in ``order`` that fits is advised; ``owner`` is who does it (``account owner`` = the one of the account),
    ``due_days`` counts from when the component is known to have been below its target.
    """

    id: Id
    component: Component
    title: str
    states: tuple[State, ...] = ()
    needs: str = ""
    playbook: str
    owner: str = "account owner"
    due_days: Annotated[int, Meta(ge=1, le=365)]
    order: int = 100


class Judging:
    """All profiles and rules; there is always a profile for everyone."""

    def __init__(self, profiles: Iterable[Profile], rules: Iterable[Rule]) -> None:
        self.profiles = {profile.id: profile for profile in profiles}
        self.rules = {rule.id: rule for rule in sorted(rules, key=lambda rule: (rule.order, rule.id))}
        if not any(not one.segments and not one.until_days for one in self.profiles.values()):
            raise ConfigError("customers: one profile must hold for everyone, without segments and until_days")

    def profile(self, segment: str, age_days: int | None) -> Profile:
        """The closest one: for the young before any age, of the segment before all; ``age_days`` None = any age."""
        fitting = [
            one
            for one in self.profiles.values()
            if (not one.segments or segment in one.segments)
            and (not one.until_days or (age_days is not None and age_days < one.until_days))
        ]
        return min(fitting, key=lambda one: (one.until_days or 10_000, not one.segments, one.id))


def points(anchors: Anchors, value: float) -> float:
    """Where ``value`` lies between the anchors; beyond the outer ones, theirs."""
    if value <= anchors[0][0]:
        return anchors[0][1]
    for (low, under), (high, over) in pairwise(anchors):
        if value <= high:
            return under + (over - under) * (value - low) / (high - low)
    return anchors[-1][1]


def load(operator: Path | None = None) -> Judging:
    """The built-in entries, then those of ``operator``/customers. Raises ConfigError naming the file."""
    profiles: dict[str, Profile] = {}
    rules: dict[str, Rule] = {}
    for place in toml.layers(operator, "customers"):
        profiles |= {one.id: one for path in toml.listed(place) for one in _read(path, _File).profile}
        rules |= {one.id: one for path in toml.listed(place.joinpath("rules")) for one in [_read(path, Rule)]}
    return Judging(profiles.values(), rules.values())


class _File(msgspec.Struct, forbid_unknown_fields=True):
    profile: list[Profile]


def _read(path: Traversable, kind: type[toml.Kind]) -> toml.Kind:
    return toml.read(path, kind, f"customers/{path.name}")


def _check(anchors: Anchors) -> None:
    if any(low[0] >= high[0] for low, high in pairwise(anchors)):
        raise ValueError("the values of anchors must rise")
    if any(low[1] > high[1] for low, high in pairwise(anchors)):
        raise ValueError("the points of anchors must not fall: more is better")
