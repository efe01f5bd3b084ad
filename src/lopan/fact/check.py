"""What a fact's type can't say: ranges of times and money, pairs of times, names of time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from lopan.fact.column import SPECS, Column, Spec
from lopan.fact.types import MOST_MONEY, Fact, Site

EARLIEST, LATEST = date(1900, 1, 1), date(2299, 12, 31)
"""The days that the store can hold."""

PLACES = 4
"""Decimal places that are kept of money."""


def trouble(fact: Fact) -> tuple[str, str] | None:
    """The first field that is wrong and why, None when all is well; the types are taken as checked."""
    spec = _SPECS[type(fact)]
    if (wrong := times_trouble(fact)) is not None:
        return wrong
    for column in spec.columns:
        value = getattr(fact, column.name)
        if value is not None and (found := _value_trouble(column, value)):
            return column.name, found
    for first, second in spec.spans:
        begin, end = getattr(fact, first), getattr(fact, second)
        if begin is not None and end is not None and end < begin:
            return second, f"lies before {first}"
    if isinstance(fact, Site) and not is_zone(fact.timezone):
        return "timezone", NO_ZONE
    return None


NO_ZONE = "is no time zone; write it as in Europe/Berlin"


@cache
def is_zone(name: str) -> bool:
    """Whether it is a name of the time zone database."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def times_trouble(row: msgspec.Struct) -> tuple[str, str] | None:
    """As ``trouble``, of the times that every row may carry, also one that its source no longer has."""
    for name in ("modified", "recorded"):
        if (at := getattr(row, name)) is not None and (found := time_trouble(at, name == "modified")):
            return name, found
    return None


def time_trouble(at: datetime, version: bool = False) -> str:
    """Why a time can't be kept, '' when it can; one that serves as a version can't lie before 1970."""
    day = at.astimezone(UTC).date()
    if version and day.year < 1970:
        return "lies before 1970"
    return day_trouble(day)


def day_trouble(day: date) -> str:
    """Why a day can't be kept, '' when it can."""
    return "" if EARLIEST <= day <= LATEST else f"lies outside of {EARLIEST.year} to {LATEST.year}"


def _value_trouble(column: Column, value: object) -> str:
    if isinstance(value, datetime):
        return time_trouble(value)
    if isinstance(value, date):
        return day_trouble(value)
    if column.kind == "money":
        return _money_trouble(value)
    return ""


def _money_trouble(value: object) -> str:
    assert isinstance(value, Decimal)
    if not value.is_finite():
        return "is not a number"
    if abs(value) > MOST_MONEY:
        return f"is over {MOST_MONEY:,}"
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PLACES:
        return f"has more than {PLACES} places after the point"
    return ""


_SPECS: dict[type[Fact], Spec] = {spec.type: spec for spec in SPECS.values()}
