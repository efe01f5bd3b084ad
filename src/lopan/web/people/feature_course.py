"""The charts of the Features page: the chosen feature and the mean of the core ones, each day with the 27 before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from lopan.analytics.calendar import Dates, begin
from lopan.analytics.featurecourse import AdoptionDay, Course
from lopan.analytics.features import DAYS, MIN_PEOPLE, FeatureUse
from lopan.analytics.intervals import wilson, z_shares
from lopan.analytics.metric import Metric, Point
from lopan.analytics.status import Goal, status
from lopan.catalog.product import CORE_TARGET
from lopan.web.optional import nothing
from lopan.web.parts import Parts
from lopan.web.people import against, frame
from lopan.web.people.query import DayQuery

CORE: Final = "core"
FEATURE: Final = "feature"
CORE_DEFINITION: Final = (
    f"mean over core features of 100 x people with success / people active and entitled, trailing {DAYS} days"
)


async def charts(parts: Parts, asked: DayQuery, chosen: FeatureUse | None) -> list[Metric]:
    """Core adoption and that of ``chosen``, compared as the address asks; without core features only the latter."""
    names = [chosen.id] if chosen else []
    other, course = against.read(asked), frame.usage(parts).course
    this, that = await asyncio.gather(
        course.course(asked.dates, asked.audience, names),
        course.course(other.dates, other.audience, names) if other else nothing(),
    )
    drawn = _drawn(parts, this, asked.dates, chosen)
    if other is None or that is None:
        return drawn
    others = {one.id: one for one in _drawn(parts, that, other.dates, chosen)}
    tested = {FEATURE: _z(this, that, names)}
    return [
        against.laid(parts, one, others[one.id], other.label, tested.get(one.id)) for one in drawn if one.id in others
    ]


def _drawn(parts: Parts, course: Course, dates: Dates, chosen: FeatureUse | None) -> list[Metric]:
    made = []
    if course.core:
        made.append(_metric(parts, dates, CORE, "Core adoption", CORE_TARGET, CORE_DEFINITION, course.core))
    if chosen is not None:
        days = course.features[chosen.id]
        made.append(_metric(parts, dates, FEATURE, chosen.title, chosen.target, chosen.definition, days))
    return made


def _metric(
    parts: Parts,
    dates: Dates,
    name: str,
    title: str,
    target: float | None,
    definition: str,
    days: Sequence[AdoptionDay],
) -> Metric:
    last = days[-1]
    bound = wilson(last.done, last.people) if name == FEATURE else None
    return frame.metric(
        name,
        title,
        last.value,
        last.people,
        frame.span(dates, parts),
        bounds=(100 * bound.low, 100 * bound.high) if bound else (None, None),
        goal=(target, None, None),
        status=status(Goal(target=target), last.value),
        definition=definition,
        least=MIN_PEOPLE,
        series=[Point(begin(day.day, parts.zone), day.value, day.people, day.partial) for day in days],
    )


def _z(this: Course, that: Course, names: Sequence[str]) -> float:
    """As of separate people. Whoever is on both sides makes a difference more certain than this says, not less."""
    if not names:
        return 0.0
    one, two = this.features[names[0]][-1], that.features[names[0]][-1]
    return z_shares(one.done, one.people, two.done, two.people)
