"""What a figure says about its bar, and how a report reads."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from lopan.bench.figure import Figure, Report, as_json, as_table, number


@pytest.mark.parametrize(
    ("value", "bar", "better", "met"),
    [
        (7.9, 8.0, "lower", True),
        (8.0, 8.0, "lower", True),
        (8.1, 8.0, "lower", False),
        (8.1, 8.0, "higher", True),
        (7.9, 8.0, "higher", False),
        (7.9, None, "lower", None),
        (float("nan"), 8.0, "lower", False),
    ],
    ids=["under", "at", "over", "higher", "too low", "no bar", "nothing measured"],
)
def test_met(value: float, bar: float | None, better: Literal["lower", "higher"], met: bool | None) -> None:
    assert Figure(name="x", value=value, unit="s", bar=bar, better=better).met is met


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5551, "0.555"), (23.31, "23.3"), (1_000_000.0, "1,000,000"), (3.0, "3"), (0.0, "0")],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_a_report_is_met_when_no_bar_is_missed() -> None:
    good = Figure(name="cost", value=1, unit="s", bar=2)
    free = Figure(name="rate", value=9, unit="1/s")
    bad = Figure(name="memory", value=950, unit="MB", bar=900, aim=450, note="peak")
    assert Report("ingest", [good, free]).met
    report = Report("ingest", [good, free, bad])
    assert not report.met
    table = as_table(report)
    assert "MISSED  peak" in table
    assert table.count("met") == 1
    told = msgspec.json.decode(as_json(report))
    assert told["met"] is False
    assert [figure["met"] for figure in told["figures"]] == [True, None, False]
