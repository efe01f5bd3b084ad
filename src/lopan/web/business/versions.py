"""Baselines as people and machines read them: every version with its main values, and as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

import msgspec

from lopan.analytics.business import freeze
from lopan.analytics.business.freeze import Values
from lopan.analytics.calendar import DAY
from lopan.catalog.business import Business
from lopan.control.baselines import Baseline, State
from lopan.web.export import Cell, Kind, Sheet
from lopan.web.export import sheet as made

_WHO: dict[str, Kind] = {
    "frozen_by": "text", "frozen_at": "time", "decided_by": "text", "decided_at": "time", "replaced_at": "time",
    "note": "text",
}  # fmt: skip
_ALL: dict[str, Kind] = {
    "version": "count",
    **dict.fromkeys(("state", "first", "last", "currency", "site"), "text"),
    **dict.fromkeys(Values.__struct_fields__, "number"),
    **_WHO,
}
_SUMS = ("good", "scrap", "valued", "standard", "scrap_cost", "cost")
_HOURS = ("paid", "direct", "earned")
_ONE: dict[str, Kind] = {
    **dict.fromkeys(("site", "product"), "text"),
    **dict.fromkeys((*_SUMS, *(f"{name}_hours" for name in _HOURS), "average_stock", "repair_cost"), "number"),
}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version: the days `first` to `last`, both included, and what they came to in all and by site.

    Money is in `currency`. `missing` names what nothing was known of; `early` is the day on which the costs of the
    window were expected to be complete, when it was frozen before that. `whole`: it consists of whole months.
    """

    version: int
    state: State
    first: date
    last: date
    days: int
    short: bool
    whole: bool
    currency: str
    note: str
    frozen_by: str
    frozen_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    replaced_at: datetime | None
    total: Values
    sites: dict[str, Values]
    missing: list[str]
    early: date | None


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """All versions, the newest first; at most one is approved. `hours` says which ones productivity is measured by."""

    hours: Literal["paid", "direct"]
    baselines: list[Version]

    @property
    def current(self) -> Version | None:
        """The one that savings are measured against."""
        return next((one for one in self.baselines if one.state == "approved"), None)

    @property
    def waiting(self) -> list[Version]:
        """Those that somebody has to decide about."""
        return [one for one in self.baselines if one.state == "frozen"]

    @property
    def past(self) -> list[Version]:
        """Those that are replaced or rejected."""
        return [one for one in self.baselines if one.state in ("replaced", "rejected")]


def shown(found: Iterable[Baseline], how: Business) -> Versions:
    """What is read of them; ``how`` says which hours count and when a month is closed."""
    return Versions(hours=how.roi.hours, baselines=[_version(one, how) for one in found])


def _version(one: Baseline, how: Business) -> Version:
    complete = freeze.complete(one.last, how.close_days)
    kept = ("version", "state", "first", "last", "days", "short", "currency", "note", "frozen_by", "frozen_at")
    return Version(
        **{name: getattr(one, name) for name in (*kept, "decided_by", "decided_at", "replaced_at")},
        whole=one.first.day == 1 and (one.last + DAY).day == 1,
        total=freeze.values(one.frozen, how.roi.hours),
        sites=freeze.by_site(one.frozen, how.roi.hours),
        missing=freeze.gaps(one.frozen),
        early=complete if one.frozen_at.date() < complete else None,
    )


def sheet(found: Versions, zone: str) -> Sheet:
    """Every version by site, with a row for all sites together; rates are shares of 1."""
    rows: list[Sequence[Cell]] = []
    for one in found.baselines:
        for site, values in {"(all)": one.total, **one.sites}.items():
            head = (one.version, one.state, str(one.first), str(one.last), one.currency, site)
            rows.append((*head, *msgspec.structs.astuple(values), *(getattr(one, name) for name in _WHO)))
    return made("baselines", zone, _ALL, rows)


def sums(one: Baseline, zone: str) -> Sheet:
    """The sums that a version holds, by site and product; hours, stock and repair are a row of the site alone."""
    rows: list[Sequence[Cell]] = [
        (part.site, part.product, *(getattr(part, name) for name in _SUMS), *[None] * 5) for part in one.frozen.made
    ]
    worked = {part.site: [getattr(part, name) for name in _HOURS] for part in one.frozen.worked}
    held = {part.site: part.average for part in one.frozen.held}
    repaired = {part.site: part.cost for part in one.frozen.repaired}
    for site in sorted({*worked, *held, *repaired}):
        hours = worked.get(site, [None] * len(_HOURS))
        rows.append((site, "", *[None] * len(_SUMS), *hours, held.get(site), repaired.get(site)))
    return made(f"baseline-{one.version}", zone, _ONE, rows)
