"""The state machine of an alert, pure: the state before, what was measured and the time give the state after.

Each level of a rule is a latch::

    inactive -> pending -> firing -> recovering -> inactive
                  |          ^           |
                  v          +-----------+
               inactive

An alert is the latches of its levels together: its severity is that of the highest level that fires or recovers.
Absence of data moves no latch.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from lopan.alerts.rule import Level, Rule
from lopan.analytics.metric import Measure

Phase = Literal["inactive", "pending", "firing", "recovering"]
Evidence = Literal["breach", "between", "clear", "absent"]
Kind = Literal["pending", "firing", "raised", "lowered", "recovering", "relapsed", "resolved", "cancelled"]
Reason = Literal["threshold", "nodata"]
_ACTIVE = ("firing", "recovering")


class Latch(msgspec.Struct, frozen=True):
    """State of one level; ``since`` is when it got there (None while inactive)."""

    phase: Phase = "inactive"
    since: datetime | None = None


class Standing(msgspec.Struct, frozen=True):
    """The latches of a rule's levels, lowest severity first."""

    latches: tuple[Latch, ...]

    @property
    def active(self) -> bool:
        """Whether a person would say that the alert is on: some level fires or recovers."""
        return any(latch.phase in _ACTIVE for latch in self.latches)

    @property
    def phase(self) -> Phase:
        """The alert's own state; ``firing`` as long as one level fires."""
        phases = {latch.phase for latch in self.latches}
        for phase in ("firing", "recovering", "pending"):
            if phase in phases:
                return phase
        return "inactive"

    @property
    def level(self) -> int:
        """Index of the highest active level, else of the highest pending one, else 0."""
        wanted = _ACTIVE if self.active else ("pending",)
        return max((index for index, latch in enumerate(self.latches) if latch.phase in wanted), default=0)


class Change(msgspec.Struct, frozen=True):
    """One line of an alert's history: what happened, and the state and level after it."""

    kind: Kind
    state: Phase | Literal["resolved", "cancelled"]
    level: int


def quiet(levels: int) -> Standing:
    """The standing of a rule about which nothing is known yet."""
    return Standing((Latch(),) * levels)


def evidence(rule: Rule, level: Level, measure: Measure) -> Evidence:
    """What a figure says about one level; too few samples never say ``breach``."""
    if measure.value is None or measure.n < rule.min_samples:
        return _absence(rule, level, measure)
    figure: float | None = measure.value
    if rule.interval:
        figure = measure.low if level.fire.op in (">", ">=") else measure.high
    if figure is None:
        return "absent"
    if level.fire.holds(figure):
        return "breach"
    return "clear" if level.clear.holds(measure.value) else "between"


def reason(rule: Rule, measure: Measure) -> Reason:
    """``nodata`` when the rule drew its conclusion from silence."""
    return "nodata" if rule.no_data == "alert" and measure.n == 0 else "threshold"


def step(latch: Latch, level: Level, seen: Evidence, now: datetime) -> Latch:
    """The latch after one evaluation."""
    if latch.phase == "inactive":
        return _rise(Latch("pending", now), level, now) if seen == "breach" else latch
    if latch.phase == "pending":
        if seen in ("between", "clear"):
            return Latch()
        return _rise(latch, level, now) if seen == "breach" else latch
    if latch.phase == "firing":
        return _fall(Latch("recovering", now), level, now) if seen == "clear" else latch
    if seen in ("breach", "between"):
        return Latch("firing", now)
    return _fall(latch, level, now) if seen == "clear" else latch


def advance(standing: Standing, rule: Rule, measure: Measure, now: datetime) -> Standing:
    """Step every level; once a level is active, a lower one that breaches fires without its own waiting time.

    So an active alert ends as resolved and never goes back to pending.
    """
    latches = [
        step(latch, level, evidence(rule, level, measure), now)
        for latch, level in zip(standing.latches, rule.levels, strict=True)
    ]
    if standing.active or any(latch.phase in _ACTIVE for latch in latches):
        top = len(latches) if standing.active else Standing(tuple(latches)).level
        latches = [
            Latch("firing", now) if latch.phase == "pending" and index <= top else latch
            for index, latch in enumerate(latches)
        ]
    return Standing(tuple(latches))


def changes(before: Standing, after: Standing) -> list[Change]:
    """The history lines that lead from one standing to the next; empty when a reader would see no difference."""
    if before.active:
        return _while_active(before, after)
    if after.active:
        opening = [Change("pending", "pending", after.level)] if before.phase == "inactive" else []
        return [*opening, Change("firing", after.phase, after.level)]
    if before.phase == "inactive":
        return [Change("pending", "pending", after.level)] if after.phase == "pending" else []
    if after.phase == "inactive":
        return [Change("cancelled", "cancelled", before.level)]
    return _moved(before, after)


def _while_active(before: Standing, after: Standing) -> list[Change]:
    if not after.active:
        return [Change("resolved", "resolved", before.level)]
    lines = _moved(before, after)
    if before.phase != after.phase:
        lines.append(Change("recovering" if after.phase == "recovering" else "relapsed", after.phase, after.level))
    return lines


def _moved(before: Standing, after: Standing) -> list[Change]:
    if before.level == after.level:
        return []
    return [Change("raised" if after.level > before.level else "lowered", after.phase, after.level)]


def _absence(rule: Rule, level: Level, measure: Measure) -> Evidence:
    if rule.no_data == "ok":
        return "clear"
    if rule.no_data == "alert" and measure.n == 0:
        return "breach" if level == rule.levels[0] else "absent"
    return "absent"


def _rise(latch: Latch, level: Level, now: datetime) -> Latch:
    return Latch("firing", now) if _elapsed(latch, now) >= level.fire.hold else latch


def _fall(latch: Latch, level: Level, now: datetime) -> Latch:
    return Latch() if _elapsed(latch, now) >= level.clear.hold else latch


def _elapsed(latch: Latch, now: datetime) -> float:
    return (now - latch.since).total_seconds() if latch.since is not None else 0.0


def highest(levels: Sequence[Level], standing: Standing) -> Level:
    """The level an alert shows: its severity and threshold."""
    return levels[standing.level]
