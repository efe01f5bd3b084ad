"""How many people use the app, how often, and who is new, comes back or leaves: by local day and trailing windows."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from lopan.analytics.audience import Audience, axis_of
from lopan.analytics.calendar import DAY, Dates, monday
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.days import Days
from lopan.errors import Rejected
from lopan.store import Readers

WEEK, MONTH = 7, 28
_BEFORE = 2 * MONTH
_ACTIVE = "distinct identified users with a foreground event on the local day"
DEFINITIONS = {
    "dau": _ACTIVE,
    "wau": "distinct identified users with a foreground event on the day or the 6 before it",
    "mau": "distinct identified users with a foreground event on the day or the 27 before it",
    "stickiness": "mean DAU of the 28 days that end with the day / MAU",
    "fresh": "active on the day for the first time ever",
    "returning": "active on the day and on one of the 28 days before it",
    "resurrected": "active on the day and some time before, but on none of the 28 days before it",
    "dormant": "active 28 days before the day and not since; MAU = MAU of the day before + new + resurrected - dormant",
    "churn": "active in the 28 days before the current 28 and not in the current 28 / active in the 28 before",
    "growth": "mean DAU of the last complete ISO week / mean DAU of the one before - 1",
}
"""What each figure means, by its field; with a filter, whether somebody came back is asked of all they did."""


class PeopleDay(msgspec.Struct, frozen=True, kw_only=True):
    """People of one local day and of the windows that end with it; ``partial`` = the day is still going on.

    ``fresh`` + ``returning`` + ``resurrected`` = ``dau``. ``churned`` of ``base`` people of the 28 days before the
    current 28 did not come back. ``stickiness`` is a share in 0-1, None without anybody.
    """

    day: date
    dau: int
    wau: int
    mau: int
    fresh: int
    returning: int
    resurrected: int
    dormant: int
    churned: int
    base: int
    stickiness: float | None
    partial: bool

    @property
    def churn(self) -> float | None:
        """Share in 0-1 of ``base`` that left; None without anybody to leave."""
        return self.churned / self.base if self.base else None


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """An ISO week by its Monday: mean DAU over its days, and growth against the week before (0.1 = 10 % more).

    ``growth`` is None for a partial week, after an empty one (``fresh`` = nobody was there before), or without one.
    """

    monday: date
    mean: float
    days: int
    partial: bool
    growth: float | None
    fresh: bool


class PeopleGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The windows that end with the last day asked for, for one value of the axis; shares in 0-1."""

    key: str
    dau: int
    wau: int
    mau: int
    stickiness: float | None
    churned: int
    base: int

    @property
    def churn(self) -> float | None:
        """Share of ``base`` that left; None without anybody to leave."""
        return self.churned / self.base if self.base else None


class EngagementReport(msgspec.Struct, frozen=True, kw_only=True):
    """``days`` in order, all of the range, empty ones too; ``complete`` is the last day that is over, if in range.

    ``late``: days whose latest events are not counted yet, because more than a few days have such.
    """

    dates: Dates
    audience: Audience
    by: str
    days: list[PeopleDay]
    weeks: list[Week]
    groups: list[PeopleGroup]
    late: list[date]
    zone: str
    definitions: dict[str, str] = msgspec.field(default_factory=lambda: dict(DEFINITIONS))

    @property
    def today(self) -> PeopleDay | None:
        """The day that is still going on, if it is in the range."""
        return next((day for day in reversed(self.days) if day.partial), None)

    @property
    def complete(self) -> PeopleDay | None:
        """The last day of the range that is over."""
        return next((day for day in reversed(self.days) if not day.partial), None)


class Engagement:
    """Answers from the daily bitmaps; today comes from raw events."""

    def __init__(self, days: Days, readers: Readers) -> None:
        self._days = days
        self._readers = readers

    async def report(self, dates: Dates, audience: Audience = Audience(), by: str = "") -> EngagementReport:
        """Every day of the range, its ISO weeks, and groups ``by`` role, release or customer for its last full day.

        Raises Rejected for an unknown axis.
        """
        days, late = await self.days(dates, audience)
        complete = next((day for day in reversed(days) if not day.partial), None)
        groups = await self.groups(by, complete.day, audience) if by and complete else []
        return EngagementReport(
            dates=dates,
            audience=audience,
            by=by,
            days=days,
            weeks=weeks(days),
            groups=groups,
            late=late,
            zone=self._days.zone.key,
        )

    async def days(self, dates: Dates, audience: Audience = Audience()) -> tuple[list[PeopleDay], list[date]]:
        """Every day of the range in order, and the days whose latest events are not counted yet."""
        axis, name = audience.axis
        origin = dates.first - DAY * _BEFORE
        source = await self._days.rows(PEOPLE, Dates(date.min, dates.last), audience.number)
        params = {**source.params, "axis": axis, "name": name, "origin": origin, "days": len(Dates(origin, dates.last))}
        table = await self._readers.rows(over("people", source.sql, "engagement"), params, lasting=source.lasting)
        rows = table.to_pylist()[1:]
        today = self._days.today()
        found: list[PeopleDay] = []
        for index in range(_BEFORE - 1, len(rows)):
            row = rows[index]
            month = rows[index - MONTH + 1 : index + 1]
            mean = sum(one["dau"] for one in month) / MONTH
            known = {field: row[field] for field in ("dau", "wau", "mau", "fresh", "returning", "dormant")}
            found.append(
                PeopleDay(
                    **known,
                    day=row["day"],
                    resurrected=row["dau"] - row["fresh"] - row["returning"],
                    churned=row["churned"],
                    base=row["base"],
                    stickiness=mean / row["mau"] if row["mau"] else None,
                    partial=row["day"] >= today,
                )
            )
        return found, source.late

    async def groups(self, by: str, last: date, audience: Audience = Audience()) -> list[PeopleGroup]:
        """The windows that end with ``last`` for every value of role, release or customer, largest MAU first."""
        if audience.axis[0]:
            raise Rejected("by", f"can't be combined with a filter on {audience.axis[0]}; leave one of them out")
        dates = Dates(last - DAY * (_BEFORE - 1), last)
        source = await self._days.rows(PEOPLE, dates, audience.number)
        params = {**source.params, "axis": axis_of(by), "last": last}
        table = await self._readers.rows(over("people", source.sql, "engagement_by"), params, lasting=source.lasting)
        return [
            PeopleGroup(
                key=row["name"],
                dau=row["dau"],
                wau=row["wau"],
                mau=row["mau"],
                stickiness=row["visits"] / MONTH / row["mau"] if row["mau"] else None,
                churned=row["churned"],
                base=row["base"],
            )
            for row in table.to_pylist()
        ]


def weeks(days: list[PeopleDay]) -> list[Week]:
    """ISO weeks of consecutive days; a week that is not there with all seven, or not over, is partial."""
    found: list[Week] = []
    by_monday: dict[date, list[PeopleDay]] = {}
    for day in days:
        by_monday.setdefault(monday(day.day), []).append(day)
    before: Week | None = None
    for first, members in sorted(by_monday.items()):
        partial = len(members) < WEEK or any(day.partial for day in members)
        mean = sum(day.dau for day in members) / len(members)
        whole = not partial and before is not None and not before.partial and first - before.monday == timedelta(WEEK)
        base = before.mean if whole and before is not None else 0.0
        week = Week(
            monday=first,
            mean=mean,
            days=len(members),
            partial=partial,
            growth=mean / base - 1 if base else None,
            fresh=whole and not base and mean > 0,
        )
        found.append(week)
        before = week
    return found
