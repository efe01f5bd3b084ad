"""Every KPI, defined once: entries, their lint, and the compiler from an entry to SQL."""

from lopan.catalog.compiler import (
    DAY,
    PERCENTILES,
    Formula,
    Frame,
    Held,
    Narrow,
    Part,
    Statement,
    check_dimension,
    compile_percentiles,
    compile_values,
    formulas,
    sources,
    together,
)
from lopan.catalog.factsql import AXES, MONTH, WEEK, compile_facts, siblings
from lopan.catalog.kpi import Kpi
from lopan.catalog.loader import Catalog, load
from lopan.catalog.source import EVENTS
from lopan.catalog.stability import Kept

__all__ = [
    "AXES",
    "DAY",
    "EVENTS",
    "MONTH",
    "PERCENTILES",
    "WEEK",
    "Catalog",
    "Formula",
    "Frame",
    "Held",
    "Kept",
    "Kpi",
    "Narrow",
    "Part",
    "Statement",
    "check_dimension",
    "compile_facts",
    "compile_percentiles",
    "compile_values",
    "formulas",
    "load",
    "siblings",
    "sources",
    "together",
]
