"""The engagement report as page, mail and files show it: sections of figures, each with n, bound and definition.

It imports nothing heavy, because the process that draws the PDF reads it too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from lopan.analytics.calendar import Dates
from lopan.analytics.metric import Status, Trend
from lopan.analytics.period import Kind

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "users": ("userGrowth", "userEngagement"),
    "activity": ("userEngagement",),
    "roles": ("userEngagement",),
    "features": ("featureAdoption",),
    "workflows": ("workflowCompletion",),
    "satisfaction": ("userSatisfaction", "customerSatisfaction"),
    "retention": ("retentionRates",),
}
"""The sections in their order, each seen with any of its access groups."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; ``key`` is the role, feature, workflow or survey it is about, '' = all of them.

    ``value``, its 95 % bounds, ``previous`` and ``target`` are in ``unit``; ``n`` samples are behind the value and
    ``n_previous`` behind the other; below ``least`` of them the value is shown greyed.
    """

    id: str
    title: str
    value: float | None
    n: int
    key: str = ""
    unit: str = "count"
    decimals: int = 0
    low: float | None = None
    high: float | None = None
    previous: float | None = None
    n_previous: int = 0
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"
    status: Status = "no data"
    trend: Trend = "unknown"
    least: int = 1
    definition: str = ""
    head: bool = False

    @property
    def enough(self) -> bool:
        """Whether ``n`` reaches ``least``."""
        return self.n >= self.least

    @property
    def judged(self) -> bool:
        """Whether the status says anything: there is a target, a value and a sample for it."""
        return self.target is not None and self.value is not None and self.enough


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one kind; ``subject`` heads the column of their titles, ``about`` says what holds for all of them."""

    id: str
    title: str
    subject: str
    samples: str
    about: str
    figures: list[Figure]

    @property
    def bars(self) -> list[Figure]:
        """The figures that are shares of a whole and can stand beside each other as bars."""
        return [figure for figure in self.figures if figure.unit == "%" and figure.value is not None]


class DayUsers(msgspec.Struct, frozen=True):
    """Active people of a local day, and of the same day of the period before; None = there is no such day."""

    day: date
    users: int
    before: int | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``dates`` are days that are over; ``whole`` = the period itself is.

    ``level`` says for whom it was narrowed; ``course`` is there for those who may see daily active people. The latest
    events of the days ``late`` are not counted yet. ``made_at`` is aware UTC, the rest local days of ``zone``.
    """

    kind: Kind
    name: str
    dates: Dates
    before: Dates
    before_name: str
    whole: bool
    zone: str
    made_at: datetime
    level: str
    project: str
    sections: list[Section]
    course: list[DayUsers]
    late: list[date]

    @property
    def empty(self) -> bool:
        """Whether nobody did anything in the period, as far as it was asked."""
        return not any(figure.n for section in self.sections for figure in section.figures)

    @property
    def heads(self) -> list[Figure]:
        """The figures that stand at the top, one or two a section."""
        return [figure for section in self.sections for figure in section.figures if figure.head]


def sections_for(groups: Collection[str]) -> list[str]:
    """The ids of the sections that somebody with these access groups may see, in their order."""
    return [name for name, wanted in GROUPS.items() if any(group in groups for group in wanted)]
