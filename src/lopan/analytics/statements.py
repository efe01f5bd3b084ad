"""The statements of ``analytics/sql``, one file a query."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_INCLUDED = re.compile(r"\bFROM @(\w+)")


@cache
def statement(name: str) -> str:
    """The text of ``name``.sql; ``FROM @other`` stands for the rows that ``other``.sql selects."""
    text = files("lopan.analytics").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDED.sub(lambda found: f"FROM (\n{statement(found[1])}\n)", text)
