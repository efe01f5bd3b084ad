"""The ceilings come from real inserts of all rows."""

from __future__ import annotations

from lopan.bench import ceiling


def test_each_is_measured() -> None:
    found = ceiling.measure(20_000)
    assert found.json > 0
    assert found.arrow > 0
    assert found.writer > 0
