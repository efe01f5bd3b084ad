"""The other side of a chart: the period before, another role, release or customer; and how sure the difference is."""

from __future__ import annotations

from typing import Final

import msgspec

from lopan.analytics import comparison
from lopan.analytics.audience import AXES, Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.metric import Metric, Versus
from lopan.analytics.status import trend
from lopan.errors import Rejected
from lopan.web.parts import Parts
from lopan.web.people.query import DayQuery

PREVIOUS: Final = "previous"
LABEL: Final = "previous period"
FIELD: Final = "compare"
DESCRIPTION: Final = "previous (the period before), or role:NAME, release:NAME or customer:NAME, to compare with."


class Other(msgspec.Struct, frozen=True):
    """What is laid over what is shown; ``label`` names it in a legend."""

    label: str
    dates: Dates
    audience: Audience


def read(asked: DayQuery) -> Other | None:
    """The other side that the address asks for, None = nothing; raises Rejected."""
    text = asked.own.get(FIELD, "")
    if not text:
        return None
    if text == PREVIOUS:
        first = asked.dates.first
        return Other(LABEL, Dates(first - DAY * len(asked.dates), first - DAY), asked.audience)
    axis, _, name = text.partition(":")
    if axis not in AXES or not name:
        known = ", ".join(f"{one}:NAME" for one in AXES)
        raise Rejected(FIELD, f"can be {PREVIOUS}, or {known}; got {text[:60]!r}")
    return Other(f"{axis} {name}", asked.dates, Audience(project=asked.audience.project, **{axis: name}))


def laid(parts: Parts, this: Metric, that: Metric, label: str, z: float | None) -> Metric:
    """``this`` with ``that`` as its second line; a verdict only where both sides have enough samples for ``z``.

    ``z`` None: how far chance moves the figure is not known, and nothing is claimed.
    """
    difference = None if this.value is None or that.value is None else this.value - that.value
    enough = this.enough and that.enough and difference is not None and z is not None
    going = trend(this, difference or 0.0, abs(that.value or 0.0), z or 0.0, enough=enough)
    versus = Versus(
        label=label,
        start=that.start,
        end=that.end,
        value=that.value,
        n=that.n,
        low=that.low,
        high=that.high,
        difference=difference,
        verdict=comparison.verdict(going),
        p=comparison.p_value(z) if enough and z is not None else None,
        shift=comparison.shift(this.start, that.start, this.step, parts.config.timezone),
        series=that.series,
    )
    return msgspec.structs.replace(this, versus=versus)
