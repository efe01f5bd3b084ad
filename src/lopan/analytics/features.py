"""Feature adoption: who completed it, who only tried it, who came back, where that is going; overall and by role."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import msgspec
import pyarrow as pa

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, Daily, over
from lopan.analytics.days import Days
from lopan.analytics.intervals import wilson, z_overlapping
from lopan.analytics.metric import Status, Trend
from lopan.analytics.status import Goal, status, trend
from lopan.catalog.product import Feature, Product, titled
from lopan.store import Param, Readers

Counts = Mapping[str, int]
Cells = Mapping[str, Mapping[str, Counts]]

DAYS = 28
MIN_PEOPLE = 10
"""Below it a share is shown with its interval, and no trend is claimed."""

_BEFORE = DAYS + 7
_MOST = 50
"""Features without a definition that are listed at most, the most tried first."""


class Intensity(NamedTuple):
    """A class of the heatmap: adoption from ``low`` to below ``high`` per cent, with the word for it."""

    low: float
    high: float
    word: str


INTENSITIES = (
    Intensity(0, 20, "very low"),
    Intensity(20, 40, "low"),
    Intensity(40, 60, "medium"),
    Intensity(60, 80, "high"),
    Intensity(80, 100, "very high"),
)
"""The legend; the last class holds 100 % too."""


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """Adoption of one feature by one role ('' = all in scope). Shares in per cent; None = nobody is entitled or tried.

    ``people`` are entitled and were active within the 28 days; ``done`` of them succeeded, ``tried`` used it in any
    way, ``uses`` times in all (0 for a role under a filter on release or customer). ``change`` is in percentage
    points: the last 28 complete days (``closed``) against those that ended a week before (``previous``). ``retained``
    is the share of those who tried it before the last of the four weeks and used it again in a later one.
    ``intensity`` indexes INTENSITIES.
    """

    role: str
    value: float | None
    people: int
    done: int
    low: float | None
    high: float | None
    closed: float | None
    previous: float | None
    change: float | None
    trend: Trend
    status: Status
    intensity: int | None
    tried: int
    tried_share: float | None
    could_return: int
    returned: int
    retained: float | None
    uses: int
    enough: bool


class FeatureUse(msgspec.Struct, frozen=True, kw_only=True):
    """One feature; ``defined`` is false where it appeared in events alone. ``roles`` leaves out who isn't entitled."""

    id: str
    title: str
    description: str
    core: bool
    defined: bool
    target: float | None
    definition: str
    overall: Adoption
    roles: list[Adoption]


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """Every feature over the 28 days ``dates``; ``roles`` are the columns of the heatmap: (id, title).

    ``core`` is the mean adoption of the core features, ``meeting`` how many of the ``targeted`` are at their target;
    ``partial`` = the last day is still going on; the latest events of the days ``late`` are not counted yet.
    """

    dates: Dates
    audience: Audience
    zone: str
    features: list[FeatureUse]
    roles: list[tuple[str, str]]
    core: float | None
    targeted: int
    meeting: int
    partial: bool
    late: list[date]


class Features:
    """Adoption from the daily bitmaps, by the definitions of ``product``; today comes from raw events."""

    def __init__(self, days: Days, readers: Readers, product: Product) -> None:
        self._days = days
        self._readers = readers
        self._product = product
        self._daily = daily(product)

    async def adoption(self, last: date | None = None, audience: Audience = Audience()) -> Adopted:
        """The 28 days that end with ``last`` (default and at most: today, which still moves).

        Raises Rejected for a filter on two of role, release and customer.
        """
        now = self._days.today()
        last = min(last or now, now)
        people, used, late = await self._counts(last, audience)
        features = self._features(people, used)
        roles = sorted({cell.role for feature in features for cell in feature.roles}, key=self._order)
        values = [one.overall.value for one in features if one.core and one.overall.value is not None]
        goals = [one for one in features if one.target is not None and one.overall.value is not None]
        return Adopted(
            dates=Dates(last - DAY * (DAYS - 1), last),
            audience=audience,
            zone=self._days.zone.key,
            features=features,
            roles=[(role, titled(self._product.roles.get(role), role)) for role in roles],
            core=sum(values) / len(values) if values else None,
            targeted=len(goals),
            meeting=sum(one.overall.status in ("meeting", "exceeding") for one in goals),
            partial=last == now,
            late=late,
        )

    async def _counts(self, last: date, audience: Audience) -> tuple[Cells, Cells, list[date]]:
        """Active people and users of features, by feature and cell."""
        going_on = int(last == self._days.today())
        dates = Dates(last - DAY * (_BEFORE - 1 + going_on), last)
        active = await self._days.rows(PEOPLE, dates, audience.number)
        used = await self._days.rows(self._daily, dates, audience.number)
        axis, name = audience.axis
        own: dict[str, Param] = {"axis": axis, "name": name, "last": last, "windows": _windows(going_on)}
        own |= entitlements(self._product)
        cut = axis in ("release", "customer") or bool(own["for_customers"])
        sources = ((over("people", active.sql, "feature_people"), active), (used.sql, used))
        people, uses = await asyncio.gather(
            *(
                self._readers.rows(_counted(rows, cut), {**source.params, **own}, lasting=source.lasting)
                for rows, source in sources
            )
        )
        return _cells(people), _cells(uses), sorted({*active.late, *used.late})

    def _features(self, people: Cells, used: Cells) -> list[FeatureUse]:
        """Defined ones in the order of their files, then others by the people who tried them."""
        tried = {name: cells[""]["tried"] for name, cells in used.items() if "" in cells}
        others = sorted(tried.keys() - self._product.features.keys(), key=lambda name: (-tried[name], name))
        return [self._feature(name, people, used.get(name, {})) for name in [*self._product.features, *others[:_MOST]]]

    def _feature(self, name: str, people: Cells, used: Mapping[str, Counts]) -> FeatureUse:
        defined = self._product.features.get(name)
        feature = defined or Feature(id=name, success=("*",))
        active = people.get(name if feature.roles or feature.customers else "", {})
        goal = Goal(target=feature.goal)
        return FeatureUse(
            id=name,
            title=titled(defined, name),
            description=feature.description,
            core=feature.core,
            defined=defined is not None,
            target=feature.goal,
            definition=definition(feature),
            overall=_adoption("", active.get("", {}), used.get("", {}), goal),
            roles=[
                _adoption(role, active[role], used.get(role, {}), goal)
                for role in sorted(active, key=self._order)
                if role
            ],
        )

    def _order(self, role: str) -> tuple[int, str]:
        known = list(self._product.roles)
        return (known.index(role) if role in known else len(known)), role


def daily(product: Product) -> Daily:
    """The table of the days, with the definitions that it depends on; a pair is one text with a line break in it."""
    features = product.features.values()
    return Daily(
        table="feature_days",
        columns=("feature", "axis", "name", "done", "tried", "uses"),
        params={
            "defined": list(product.features),
            "success": [f"{feature.id}\n{action}" for feature in features for action in feature.success],
            "whole": [feature.id for feature in features if "*" in feature.success],
        },
    )


def entitlements(product: Product) -> dict[str, list[str]]:
    """Which features are for whom, as the statements take it."""
    features = product.features.values()
    return {
        "restricted": [feature.id for feature in features if feature.roles or feature.customers],
        "for_roles": [feature.id for feature in features if feature.roles],
        "for_customers": [feature.id for feature in features if feature.customers],
        "entitled_roles": [f"{feature.id}\n{role}" for feature in features for role in feature.roles],
        "entitled_customers": [f"{feature.id}\n{name}" for feature in features for name in feature.customers],
        "customers": sorted({name for feature in features for name in feature.customers}),
    }


def definition(feature: Feature) -> str:
    """The formula in one line."""
    success = "any event" if "*" in feature.success else " or ".join(map(repr, feature.success))
    roles, customers = ", ".join(feature.roles), ", ".join(feature.customers)
    entitled = [f"as {roles}"] * bool(roles) + [f"at {customers}"] * bool(customers)
    where = f" {' and '.join(entitled)}" if entitled else ""
    return f"100 x people with success ({success}) of {feature.id}{where} / people active{where}, trailing {DAYS} days"


def intensity(value: float | None) -> int | None:
    """The class of an adoption in per cent; None without one."""
    if value is None:
        return None
    return next((index for index, one in enumerate(INTENSITIES) if value < one.high), len(INTENSITIES) - 1)


def _windows(going_on: int) -> list[int]:
    """By days back: in the 28 days (bit 0), the 28 closed (1), those a week before (2), and in which week (3-6)."""
    closed = (range(going_on, going_on + DAYS), range(going_on + 7, going_on + _BEFORE))
    weeks = (range(21, DAYS), range(14, 21), range(7, 14), range(7))
    return [
        sum(1 << bit for bit, days in enumerate((range(DAYS), *closed, *weeks)) if ago in days)
        for ago in range(_BEFORE + going_on)
    ]


def _counted(rows: str, cut: bool) -> str:
    cells = over("used", rows, "feature_cells")
    return over("counted", over("cells", cells, "feature_cut") if cut else cells, "feature_adoption")


def _cells(table: pa.Table) -> Cells:
    found: dict[str, dict[str, Counts]] = {}
    for row in table.to_pylist():
        found.setdefault(row.pop("feature"), {})[row.pop("cell")] = row
    return found


def _adoption(role: str, active: Counts, used: Counts, goal: Goal) -> Adoption:
    people, done = active.get("now", 0), used.get("now", 0)
    tried, could, returned = (used.get(name, 0) for name in ("tried", "could_return", "returned"))
    value, bound = share(done, people), wilson(done, people)
    n, n_before = active.get("closed", 0), active.get("before", 0)
    hits, hits_before = used.get("closed", 0), used.get("before", 0)
    closed, previous = share(hits, n), share(hits_before, n_before)
    change = closed - previous if closed is not None and previous is not None else None
    z = z_overlapping(hits, n, hits_before, n_before, used.get("both", 0), active.get("both", 0))
    return Adoption(
        role=role,
        value=value,
        people=people,
        done=done,
        low=100 * bound.low if bound else None,
        high=100 * bound.high if bound else None,
        closed=closed,
        previous=previous,
        change=change,
        trend=trend(goal, change or 0.0, previous or 0.0, z, enough=min(n, n_before) >= MIN_PEOPLE),
        status=status(goal, value),
        intensity=intensity(value),
        tried=tried,
        tried_share=share(tried, people),
        could_return=could,
        returned=returned,
        retained=share(returned, could),
        uses=used.get("times", 0),
        enough=people >= MIN_PEOPLE,
    )


def share(part: int, whole: int) -> float | None:
    """Per cent; None of nothing."""
    return 100 * part / whole if whole else None
