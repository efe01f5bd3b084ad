"""The catalog from its TOML files, with a lint that refuses entries whose figure would not be exact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from lopan.catalog import toml
from lopan.catalog.factsql import has_dimension
from lopan.catalog.kpi import Kpi
from lopan.catalog.relation import RELATIONS
from lopan.catalog.source import SOURCES, columns_of
from lopan.errors import ConfigError, Rejected

INEXACT = frozenset(
    ("quantile", "median", "uniq", "uniqHLL12", "uniqCombined", "uniqCombined64", "quantileDD", "quantilesDD", "avg")
)
"""Aggregates whose error has no bound that a figure could carry, and ``avg``, which can't be merged."""

NO_TARGETS: Mapping[str, float] = MappingProxyType({})

_NEEDED = {
    "query": ("query", "formula", "population"),
    "total": ("source", "numerator"),
    "measure": ("source", "numerator", "denominator"),
    "ratio": ("source", "numerator", "denominator"),
}

_CALL = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)\s*\(")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    kpi: list[Kpi]


class Catalog:
    """All KPIs by id, in the order of the files."""

    def __init__(self, kpis: Iterable[Kpi]) -> None:
        self.kpis: dict[str, Kpi] = {}
        for kpi in kpis:
            lint(kpi)
            if kpi.id in self.kpis:
                raise ConfigError(f"KPI {kpi.id} is defined twice; rename one of the two")
            self.kpis[kpi.id] = kpi

    def get(self, name: str) -> Kpi:
        """The entry; raises Rejected when there is none of that name."""
        try:
            return self.kpis[name]
        except KeyError:
            raise Rejected("id", f"there is no metric {name!r}; GET /api/v1/metrics lists them") from None


def load(operator: Path | None = None, targets: Mapping[str, float] = NO_TARGETS) -> Catalog:
    """The built-in entries, then those of ``operator``/kpis/*.toml; ``targets`` by id take the place of theirs.

    Raises ConfigError naming file and entry.
    """
    paths = (path for place in toml.layers(operator, "kpis") for path in toml.listed(place))
    entries = [entry for path in paths for entry in toml.read(path, _File).kpi]
    if unknown := sorted(set(targets) - {entry.id for entry in entries}):
        raise ConfigError(f"lopan.toml sets a target of {unknown[0]!r}, and there is no such KPI")
    return Catalog(
        msgspec.structs.replace(entry, target=targets[entry.id]) if entry.id in targets else entry for entry in entries
    )


def lint(kpi: Kpi) -> None:
    """Raises ConfigError for a missing field, an inexact aggregate, an unknown column, thresholds in wrong order."""
    needed = _NEEDED[kpi.kind]
    for field in needed:
        if not getattr(kpi, field):
            raise ConfigError(f"KPI {kpi.id}: kind {kpi.kind!r} needs {field}")
    if kpi.kind != "query":
        _lint_formula(kpi)
    if kpi.warning is not None and kpi.critical is not None:
        worse = kpi.critical >= kpi.warning if kpi.better == "lower" else kpi.critical <= kpi.warning
        if not worse:
            raise ConfigError(f"KPI {kpi.id}: critical {kpi.critical:g} is better than warning {kpi.warning:g}")


def _lint_formula(kpi: Kpi) -> None:
    for expression in (kpi.numerator, kpi.denominator, kpi.samples, kpi.where):
        for call in _CALL.findall(expression):
            if call in INEXACT:
                raise ConfigError(f"KPI {kpi.id}: {call}() is not exact; use sums, uniqExact or a bounded sketch")
    for source in filter(None, (kpi.source, kpi.denominator_source)):
        if source not in SOURCES:
            raise ConfigError(f"KPI {kpi.id}: unknown source {source!r}; there are {', '.join(SOURCES)}")
    columns_of(kpi)
    if kpi.of_facts:
        _lint_fact(kpi)


def _lint_fact(kpi: Kpi) -> None:
    """A fact needs the time it counts by, and dimensions that its rows, their accounts or their sites have."""
    counted = [(kpi.source, kpi.time)] if kpi.kind != "query" else []
    if kpi.denominator_source:
        counted.append((kpi.denominator_source, kpi.denominator_time or kpi.time))
    for source, time in counted:
        spec = RELATIONS.get(source)
        if spec is None:
            raise ConfigError(f"KPI {kpi.id}: {kpi.source} can be divided by another fact only, not by {source!r}")
        times = [column.name for column in spec.columns if column.kind in ("time", "day")]
        if time not in times:
            raise ConfigError(f"KPI {kpi.id}: time must be one of {source}: {', '.join(times)}; not {time!r}")
        if wrong := [name for name in kpi.dimensions if not has_dimension(source, name)]:
            raise ConfigError(f"KPI {kpi.id}: {source} has no dimension {', '.join(wrong)}")
