"""Every KPI, defined once: entries, their lint, and the compiler from an entry to SQL."""

from lopan.catalog.compiler import (
    DAY,
    PERCENTILES,
    Narrow,
    Part,
    Statement,
    compile_percentiles,
    compile_values,
    of_sums,
)
from lopan.catalog.factsql import AXES, MONTH, WEEK, compile_facts, siblings
from lopan.catalog.kpi import Kpi
from lopan.catalog.loader import Catalog, load
from lopan.catalog.stability import Kept

__all__ = [
    "AXES",
    "DAY",
    "MONTH",
    "PERCENTILES",
    "WEEK",
    "Catalog",
    "Kept",
    "Kpi",
    "Narrow",
    "Part",
    "Statement",
    "compile_facts",
    "compile_percentiles",
    "compile_values",
    "load",
    "of_sums",
    "siblings",
]
