"""Every bench once, small, against a real server: it ends, counts everything, and reports its figures."""

from __future__ import annotations

import msgspec
import pytest

from lopan.bench.figure import Figure, Report
from lopan.bench.main import exit_code, run

CASES = {
    "ingest": (["ingest", "--events", "5000", "--no-ceiling"], "server CPU per million events"),
    "sentry": (["ingest", "--protocol", "sentry", "--events", "100"], "server CPU per 1,000 drained"),
    "freshness": (["freshness", "--probes", "2", "--load", "500"], "workflow of today moves after, loaded p99"),
    "alert": (["alert", "--breaches", "2"], "webhook received after, p99"),
    "query": (["query", "--events", "1", "--days", "3", "--rounds", "1", "--seconds", "1"], "beside the writer, p95"),
}


@pytest.mark.parametrize(("arguments", "figure"), CASES.values(), ids=CASES.keys())
def test_bench(arguments: list[str], figure: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--json"]) == 0
    report = msgspec.json.decode(capsys.readouterr().out)
    figures = {one["name"]: one["value"] for one in report["figures"]}
    assert figures[figure] > 0
    assert report["machine"]["cores"] >= 1


@pytest.mark.parametrize(
    ("value", "check", "code"),
    [(2, False, 0), (2, True, 1), (1, True, 0)],
    ids=["missed", "missed and checked", "met and checked"],
)
def test_a_missed_bar_fails_only_when_asked(value: float, check: bool, code: int) -> None:
    assert exit_code(Report("alert", [Figure(name="p99", value=value, unit="s", bar=1)]), check) == code
