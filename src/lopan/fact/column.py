"""What a fact is made of, read from its type: the one description that files, tables and documentation go by."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec
from msgspec import inspect

from lopan.fact.types import FACTS, MOST_MONEY, Fact

Kind = Literal["text", "choice", "number", "money", "whole", "flag", "time", "day"]

COMMON = ("key", "modified", "recorded")
"""Fields of every fact that are not about its subject."""

_LONG = 1_000
_KINDS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: "text",
    inspect.LiteralType: "choice",
    inspect.FloatType: "number",
    inspect.DecimalType: "money",
    inspect.IntType: "whole",
    inspect.BoolType: "flag",
    inspect.DateTimeType: "time",
    inspect.DateType: "day",
}


class Column(NamedTuple):
    """One field: ``required`` must be given, ``optional`` may be unknown (NULL), else ``default`` stands in.

    Bounds are None where there are none; ``choices`` are what a choice may be; ``pattern`` is searched in a text.
    ``shared`` texts repeat much and are kept as a dictionary.
    """

    name: str
    kind: Kind
    required: bool
    optional: bool
    default: str | float | bool | None
    ge: float | Decimal | None = None
    gt: float | Decimal | None = None
    le: float | Decimal | None = None
    lt: float | Decimal | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    shortest: int = 0
    longest: int = 0
    shared: bool = False


class Spec(NamedTuple):
    """A fact: its name, its own columns in order without ``COMMON``, and its pairs of (earlier, later) times."""

    name: str
    type: type[Fact]
    columns: tuple[Column, ...]
    spans: tuple[tuple[str, str], ...]

    def column(self, name: str) -> Column | None:
        """The own column of that name."""
        return next((column for column in self.columns if column.name == name), None)


def _spec(name: str, kind: type[Fact]) -> Spec:
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{kind} is not a struct")
    fields = [_column(field) for field in info.fields if field.name not in COMMON]
    return Spec(name, kind, tuple(fields), kind.SPANS)


def _column(field: inspect.Field) -> Column:
    found, optional = field.type, False
    if isinstance(found, inspect.UnionType):
        optional = any(isinstance(one, inspect.NoneType) for one in found.types)
        (found,) = (one for one in found.types if not isinstance(one, inspect.NoneType))
    kind = _KINDS[type(found)]
    default = None if field.default is msgspec.NODEFAULT else field.default
    column = Column(field.name, kind, field.required, optional, default)
    if kind == "money":
        return column._replace(ge=-MOST_MONEY, le=MOST_MONEY)
    if isinstance(found, inspect.FloatType | inspect.IntType):
        return column._replace(ge=found.ge, gt=found.gt, le=found.le, lt=found.lt)
    if isinstance(found, inspect.LiteralType):
        return column._replace(choices=tuple(map(str, found.values)), shared=True)
    if isinstance(found, inspect.StrType):
        longest = found.max_length or 0
        shared = field.name not in ("order", "line", "ticket", "lot", "user", "contract") and longest < _LONG
        return column._replace(
            pattern=found.pattern or "", shortest=found.min_length or 0, longest=longest, shared=shared
        )
    return column


SPECS: dict[str, Spec] = {name: _spec(name, kind) for name, kind in FACTS.items()}
"""Every fact's description by its name."""

KEY = Column("key", "text", required=True, optional=False, default=None, shortest=1, longest=200)
MODIFIED = Column("modified", "time", required=False, optional=True, default=None)
RECORDED = Column("recorded", "time", required=False, optional=True, default=None)
