"""The ceilings come from real inserts of all rows; what stands for several rounds is their median."""

from __future__ import annotations

import pytest

from lopan.bench import ceiling
from lopan.bench.ceiling import Ceiling, Pair


def test_each_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "ROUNDS", 1)
    found = ceiling.measure(20_000)
    assert found.json > 0
    assert found.arrow > 0
    assert found.writer > 0
    assert len(found.ratios) == 1


def test_ratios_are_of_pairs_and_not_of_medians() -> None:
    found = Ceiling(2.0, [Pair(1.0, 1.5), Pair(2.0, 2.4), Pair(0.5, 1.0)])
    assert (found.arrow, found.writer) == (1.0, 1.5)
    assert found.ratios == [1.2, 1.5, 2.0]
