"""Every KPI, defined once: entries, their lint, and the compiler from an entry to SQL."""

from lopan.catalog.compiler import Part, Statement, compile_percentiles, compile_values
from lopan.catalog.kpi import Kpi
from lopan.catalog.loader import Catalog, load

__all__ = ["Catalog", "Kpi", "Part", "Statement", "compile_percentiles", "compile_values", "load"]
