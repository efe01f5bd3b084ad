"""Typed business facts: what they hold, their limits, and their description as columns."""

from lopan.fact.column import COMMON, KEY, MODIFIED, RECORDED, SPECS, Column, Kind, Spec
from lopan.fact.types import FACTS, Fact

__all__ = ["COMMON", "FACTS", "KEY", "MODIFIED", "RECORDED", "SPECS", "Column", "Fact", "Kind", "Spec"]
