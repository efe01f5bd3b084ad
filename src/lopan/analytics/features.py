"""Feature adoption: who completed it, who only tried it, who came back, where that is going; overall and by role."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from lopan.analytics.intervals import wilson, z_overlapping
from lopan.analytics.local import bounds, today
from lopan.analytics.metric import Status, Trend
from lopan.analytics.scope import Scope
from lopan.analytics.statements import statement
from lopan.analytics.status import Goal, status, trend
from lopan.catalog.product import Feature, Product, titled
from lopan.clock import Clock
from lopan.store import Param, Readers

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
    way. ``change`` is in percentage points: the last 28 complete days (``closed``) against those that ended a week
    before (``previous``). ``retained`` is the share of those who tried it before the last of the four weeks and used
    it again in a later one. ``intensity`` indexes INTENSITIES.
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
    """Every feature over the 28 days ``first`` to ``last``; ``roles`` are the columns of the heatmap: (id, title).

    ``core`` is the mean adoption of the core features, ``meeting`` how many of the ``targeted`` are at their target.
    """

    first: date
    last: date
    zone: str
    features: list[FeatureUse]
    roles: list[tuple[str, str]]
    core: float | None
    targeted: int
    meeting: int
    partial: bool


class Features:
    """Adoption from the store, by the definitions of ``product``."""

    def __init__(self, readers: Readers, product: Product, clock: Clock, zone: str = "UTC") -> None:
        self._readers = readers
        self._product = product
        self._clock = clock
        self._zone = zone

    async def adoption(self, last: date | None = None, scope: Scope = Scope()) -> Adopted:
        """The 28 days that end with ``last`` (default and at most: today, which still moves)."""
        now = today(self._clock.now(), self._zone)
        last = min(last or now, now)
        partial = last == now
        rows = await self._rows(last, last - timedelta(days=partial), scope)
        features = self._features(rows)
        roles = sorted({cell.role for feature in features for cell in feature.roles}, key=self._order)
        values = [one.overall.value for one in features if one.core and one.overall.value is not None]
        goals = [one for one in features if one.target is not None and one.overall.value is not None]
        return Adopted(
            first=last - timedelta(days=DAYS - 1),
            last=last,
            zone=self._zone,
            features=features,
            roles=[(role, titled(self._product.roles.get(role), role)) for role in roles],
            core=sum(values) / len(values) if values else None,
            targeted=len(goals),
            meeting=sum(one.overall.status in ("meeting", "exceeding") for one in goals),
            partial=partial,
        )

    async def _rows(self, last: date, closed: date, scope: Scope) -> list[dict[str, Any]]:
        start, end = bounds(closed - timedelta(days=_BEFORE - 1), last, self._zone)
        params: dict[str, Param] = {
            **parameters(self._product),
            "zone": self._zone,
            "project": scope.project,
            "axis": scope.axis,
            "name": scope.name,
            "start": start,
            "end": end,
            "last": last.isoformat(),
            "closed": closed.isoformat(),
        }
        table = await self._readers.rows(statement("feature_adoption"), params)
        return list(table.to_pylist())

    def _features(self, rows: list[dict[str, Any]]) -> list[FeatureUse]:
        """Defined ones in the order of their files, then others by the people who tried them."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["feature"], {})[row["role"]] = row
        others = [name for name in found if name not in self._product.features]
        others.sort(key=lambda name: (-found[name][""]["tried"] if "" in found[name] else 0, name))
        named = [*self._product.features, *others[:_MOST]]
        return [self._feature(name, found.get(name, {})) for name in named]

    def _feature(self, name: str, cells: dict[str, dict[str, Any]]) -> FeatureUse:
        defined = self._product.features.get(name)
        feature = defined or Feature(id=name, success=("*",))
        wanted = [role for role in cells if role and (not feature.roles or role in feature.roles)]
        goal = Goal(target=feature.goal)
        return FeatureUse(
            id=name,
            title=titled(defined, name),
            description=feature.description,
            core=feature.core,
            defined=defined is not None,
            target=feature.goal,
            definition=definition(feature),
            overall=_adoption(cells.get("", {"role": ""}), goal),
            roles=[_adoption(cells[role], goal) for role in sorted(wanted, key=self._order)],
        )

    def _order(self, role: str) -> tuple[int, str]:
        known = list(self._product.roles)
        return (known.index(role) if role in known else len(known)), role


def parameters(product: Product) -> dict[str, list[str]]:
    """The definitions as the statements take them; a pair is one text with a line break between its halves."""
    features = product.features.values()
    return {
        "defined": list(product.features),
        "success": [f"{feature.id}\n{action}" for feature in features for action in feature.success],
        "whole": [feature.id for feature in features if "*" in feature.success],
        "for_roles": [feature.id for feature in features if feature.roles],
        "for_customers": [feature.id for feature in features if feature.customers],
        "entitled_roles": [f"{feature.id}\n{role}" for feature in features for role in feature.roles],
        "entitled_customers": [f"{feature.id}\n{name}" for feature in features for name in feature.customers],
    }


def definition(feature: Feature) -> str:
    """The formula in one line."""
    success = "any event" if "*" in feature.success else " or ".join(map(repr, feature.success))
    roles, customers = ", ".join(feature.roles), ", ".join(feature.customers)
    entitled = [f"as {roles}"] * bool(roles) + [f"at {customers}"] * bool(customers)
    who = f"people active {' and '.join(entitled)}" if entitled else "active people"
    return f"100 x people with success ({success}) of {feature.id} / {who}, trailing {DAYS} days with today"


def intensity(value: float | None) -> int | None:
    """The class of an adoption in per cent; None without one."""
    if value is None:
        return None
    return next((index for index, one in enumerate(INTENSITIES) if value < one.high), len(INTENSITIES) - 1)


def _adoption(row: dict[str, Any], goal: Goal) -> Adoption:
    count = {name: int(number) for name, number in row.items() if name not in ("feature", "role")}
    people, done = count.get("people", 0), count.get("done", 0)
    tried, could, returned = (count.get(name, 0) for name in ("tried", "could_return", "returned"))
    value, bound = share(done, people), wilson(done, people)
    n, n_before = count.get("people_closed", 0), count.get("people_before", 0)
    hits, hits_before = count.get("done_closed", 0), count.get("done_before", 0)
    closed, previous = share(hits, n), share(hits_before, n_before)
    change = closed - previous if closed is not None and previous is not None else None
    z = z_overlapping(hits, n, hits_before, n_before, count.get("done_both", 0), count.get("people_both", 0))
    return Adoption(
        role=str(row["role"]),
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
        uses=count.get("times", 0),
        enough=people >= MIN_PEOPLE,
    )


def share(part: int, whole: int) -> float | None:
    """Per cent; None of nothing."""
    return 100 * part / whole if whole else None
