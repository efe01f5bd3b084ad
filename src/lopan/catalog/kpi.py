"""One KPI: what a figure means, from its formula to who may see it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,63}$")]


class Kpi(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of ``catalog/kpis/*.toml`` or an operator's ``lopan.d/*.toml``.

    The value is ``scale * numerator / denominator`` over the rows of ``source`` that satisfy ``where``;
    ``n`` is ``samples``. A zero denominator is no data. ``target``, ``warning`` and ``critical`` are in ``unit``.
    ``interval`` says how its uncertainty is bounded: ``wilson`` for shares, ``normal`` for means of ``value``.
    ``denominator_source`` takes denominator and ``samples`` from other rows, without ``where``. ``additive`` = parts
    of a range add up. ``trailing_days`` fixes the range to that many days before its end.

    Of kind ``query`` the parts come from the analytics that ``query`` names instead of from a formula over ``source``;
    ``formula`` says in words what it computes, ``population`` what ``n`` counts.
    """

    id: Id
    title: str
    description: str
    unit: Literal["s", "ms", "fps", "MB", "%", "ms/s", "s/h", "min", "count", ""]
    better: Literal["higher", "lower"]
    kind: Literal["measure", "ratio", "query"]
    group: str
    source: str = ""
    where: str = "1"
    numerator: str = ""
    denominator: str = ""
    query: str = ""
    formula: str = ""
    denominator_source: str = ""
    samples: str = "sum(n)"
    scale: float = 1.0
    percentiles: bool = False
    dimensions: tuple[str, ...] = ("release", "device", "os", "role")
    population: str = ""
    min_samples: int = 30
    interval: Literal["", "wilson", "normal"] = ""
    additive: bool = True
    trailing_days: int = 0
    target: float | None = None
    warning: float | None = None
    critical: float | None = None
    playbook: str = ""
    decimals: int = 1
    version: int = 1

    @property
    def definition(self) -> str:
        """The formula in one line, as shown one click away from every tile and stored with every alert."""
        scale = f"{self.scale:g} x " if self.scale != 1 else ""
        window = f", trailing {self.trailing_days} days" if self.trailing_days else ""
        if self.kind == "query":
            return f"{self.formula}{window}; n = {self.population} (v{self.version})"
        rows = self.source if self.where == "1" else f"{self.source} where {self.where}"
        below = f"{self.denominator} of {self.denominator_source}" if self.denominator_source else self.denominator
        counted = f"n = {self.samples} {self.population}".rstrip()
        return f"{scale}{self.numerator} / {below} over {rows}{window}; {counted} (v{self.version})"
