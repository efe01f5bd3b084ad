"""One KPI: what a figure means, from its formula to who may see it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lopan.catalog.relation import RELATIONS

Id = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,63}$")]
Unit = Literal[
    "s", "ms", "fps", "MB", "%", "ms/s", "s/h", "min", "count", "",
    "h", "d", "months", "points", "turns", "units", "units/h", "money", "money/unit",
]  # fmt: skip


class Kpi(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of ``catalog/kpis/*.toml`` or an operator's ``lopan.d/*.toml``.

    The value is ``scale * numerator / denominator`` over the rows of ``source`` that satisfy ``where``;
    ``n`` is ``samples``. A zero denominator is no data. ``target``, ``warning`` and ``critical`` are in ``unit``.
    ``interval`` says how its uncertainty is bounded: ``wilson`` for shares, ``normal`` for means of ``value``.
    ``denominator_source`` takes denominator and ``samples`` from other rows, without ``where``. ``additive`` = parts
    of a range add up. ``trailing_days`` fixes the range to that many days before its end.

    ``source`` may be a business fact, or a relation put together from facts: then ``time`` names the time or day by
    which a row belongs to a production day of its site, ``value`` is what ``normal`` takes the spread of,
    ``denominator_time`` the time of the other fact, and a formula may name the present as ``now``. Figures of a period
    that ended less than ``maturity_days`` ago are provisional. ``money`` in a unit is shown as the reporting currency.
    Of kind ``total`` the value is ``scale * numerator``, and no data where there is no row.

    Of kind ``query`` the parts come from the analytics that ``query`` names instead of from a formula over ``source``;
    ``formula`` says in words what it computes, ``population`` what ``n`` counts, ``source`` the fact that it is about.
    """

    id: Id
    title: str
    description: str
    unit: Unit
    better: Literal["higher", "lower"]
    kind: Literal["measure", "ratio", "total", "query"]
    group: str
    source: str = ""
    time: str = ""
    where: str = "1"
    numerator: str = ""
    denominator: str = ""
    query: str = ""
    formula: str = ""
    denominator_source: str = ""
    denominator_time: str = ""
    value: str = ""
    samples: str = "sum(n)"
    scale: float = 1.0
    percentiles: bool = False
    dimensions: tuple[str, ...] = ("release", "device", "os", "role")
    population: str = ""
    min_samples: int = 30
    interval: Literal["", "wilson", "normal"] = ""
    additive: bool = True
    trailing_days: int = 0
    maturity_days: int = 0
    target: float | None = None
    warning: float | None = None
    critical: float | None = None
    playbook: str = ""
    decimals: int = 1
    version: int = 1

    @property
    def of_facts(self) -> bool:
        """Whether it is made of business facts: by production day, site, customer, as known on a day."""
        return self.source in RELATIONS

    @property
    def definition(self) -> str:
        """The formula in one line, as shown one click away from every tile and stored with every alert."""
        scale = f"{self.scale:g} x " if self.scale != 1 else ""
        window = f", trailing {self.trailing_days} days" if self.trailing_days else ""
        window += f", provisional for {self.maturity_days} days" if self.maturity_days else ""
        if self.kind == "query":
            return f"{self.formula}{window}; n = {self.population} (v{self.version})"
        rows = self.source if self.where == "1" else f"{self.source} where {self.where}"
        rows += f" by {self.time}" if self.time else ""
        below = f"{self.denominator} of {self.denominator_source}" if self.denominator_source else self.denominator
        counted = f"n = {self.samples} {self.population}".rstrip()
        over = "" if self.kind == "total" else f" / {below}"
        return f"{scale}{self.numerator}{over} over {rows}{window}; {counted} (v{self.version})"
