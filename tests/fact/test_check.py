"""What types can't say is said beside them: ranges, pairs of times, zones, places of money."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lopan.fact import FACTS
from lopan.fact.check import trouble

COST = {"key": "1", "day": "2026-01-02", "type": "scrap", "amount": "1"}
ORDER = {"key": "1", "order": "A", "ordered": 5}
SITE = {"key": "1", "site": "A", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("fact", "row", "wrong"),
    [
        ("cost", COST, None),
        ("cost", COST | {"amount": "-12.3456"}, None),
        ("cost", COST | {"amount": "1.234500"}, None),
        ("cost", COST | {"amount": "1.23456"}, ("amount", "has more than 4 places after the point")),
        ("cost", COST | {"amount": "10000000000000.0001"}, ("amount", "is over 10,000,000,000,000")),
        ("cost", COST | {"day": "1899-12-31"}, ("day", "lies outside of 1900 to 2299")),
        ("cost", COST | {"modified": "1969-12-31T23:59:59Z"}, ("modified", "lies before 1970")),
        ("cost", COST | {"recorded": "1969-12-31T23:59:59Z"}, None),
        ("work_order", ORDER | {"started": "2026-01-02T00:00:00Z", "ended": "2026-01-02T00:00:00Z"}, None),
        (
            "work_order",
            ORDER | {"started": "2026-01-02T00:00:00+01:00", "ended": "2026-01-01T22:59:59Z"},
            ("ended", "lies before started"),
        ),
        ("work_order", ORDER | {"due": "2300-01-02T00:00:00Z"}, ("due", "lies outside of 1900 to 2299")),
        ("site", SITE, None),
        ("site", SITE | {"timezone": "Mars/Olympus"}, ("timezone", "is no time zone; write it as in Europe/Berlin")),
        ("site", SITE | {"timezone": "../etc/passwd"}, ("timezone", "is no time zone; write it as in Europe/Berlin")),
    ],
)
def test_trouble_names_the_field_and_the_reason(fact: str, row: dict[str, Any], wrong: tuple[str, str] | None) -> None:
    assert trouble(msgspec.json.decode(msgspec.json.encode(row), type=FACTS[fact])) == wrong
