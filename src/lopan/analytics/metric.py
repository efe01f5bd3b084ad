"""Results as every reader gets them: tile, API, live stream and alert see the same object."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

Status = Literal["exceeding", "meeting", "below target", "warning", "critical", "no data"]
Trend = Literal["improving", "stable", "worsening", "unknown"]
Verdict = Literal["better", "worse", "no clear difference", "unknown"]


_WORDS = {"known": "as known on"}


class Span(msgspec.Struct, frozen=True):
    """A half-open time range [start, end), aware UTC."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()


class Filters(msgspec.Struct, frozen=True):
    """Narrowing of a figure; an empty string means all. ``known`` is a day: only what was known when it ended."""

    project: str = ""
    release: str = ""
    device: str = ""
    role: str = ""
    site: str = ""
    product: str = ""
    customer: str = ""
    region: str = ""
    segment: str = ""
    known: str = ""

    @property
    def named(self) -> str:
        """In words, those that are set: ``release 2.1.0, device iPhone15,2``."""
        values = msgspec.structs.asdict(self)
        return ", ".join(f"{_WORDS.get(name, name)} {value}" for name, value in values.items() if value)


class Point(msgspec.Struct, frozen=True):
    """One bucket of a series, beginning at ``t``; ``value`` None = no data; ``partial`` = still filling.

    ``provisional``: over, but so young that late facts are expected to change it.
    """

    t: datetime
    value: float | None
    n: int
    partial: bool = False
    provisional: bool = False


class Group(msgspec.Struct, frozen=True):
    """The figure for one value of the dimension asked for; ``low``/``high`` bound it at 95 %."""

    key: str
    value: float | None
    n: int
    status: Status
    low: float | None = None
    high: float | None = None


class Percentile(msgspec.Struct, frozen=True):
    """``q`` in 0-1; ``value`` within 0.4 % of the exact order statistic."""

    q: float
    value: float | None


class Against(msgspec.Struct, frozen=True):
    """What a figure is compared with: another range, other filters or both; ``span`` None = the range just before."""

    label: str
    filters: Filters
    span: Span | None = None


class Versus(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of a comparison. ``difference`` is this side minus the other, in the unit of the figure.

    ``p`` is two-sided and None where the figure has no known spread or a side too few samples; ``shift`` is what has
    to be added, in seconds, to a time of ``series`` to lay it over the figure's own.
    """

    label: str
    start: datetime
    end: datetime
    value: float | None
    n: int
    low: float | None
    high: float | None
    difference: float | None
    verdict: Verdict
    p: float | None
    shift: int
    series: list[Point] = []


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One KPI over one range. ``n`` below ``min_samples`` means: show it greyed with its interval, never alert.

    ``provisional``: the range ends so late that facts which are still to come are expected to change the value.
    ``late``: local days whose latest events are not counted yet, because the store can't keep up.
    """

    id: str
    title: str
    value: float | None
    unit: str
    n: int
    target: float | None
    warning: float | None
    critical: float | None
    status: Status
    trend: Trend
    previous: float | None
    definition: str
    description: str
    better: Literal["higher", "lower"]
    min_samples: int
    enough: bool
    low: float | None
    high: float | None
    start: datetime
    end: datetime
    step: int
    decimals: int
    playbook: str
    provisional: bool = False
    percentiles: list[Percentile] = []
    series: list[Point] = []
    groups: list[Group] = []
    late: list[date] = []
    versus: Versus | None = None

    @property
    def judged(self) -> bool:
        """Whether it has any threshold; without one the status says nothing."""
        return (self.target, self.warning, self.critical) != (None, None, None)


class Measure(msgspec.Struct, frozen=True):
    """One figure without history, for alerts; ``low``/``high`` bound it at 95 %, None where no bound is known."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
