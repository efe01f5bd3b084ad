"""Tables for export against golden files. LOPAN_GOLDEN=1 writes them anew: then read the difference."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.web.test_figures import NOW, metric

from lopan.alerts.history import AlertView, Delivery
from lopan.analytics.metric import Group, Metric, Point, Versus
from lopan.web import export, query, sheets
from lopan.web.export import Sheet
from lopan.web.parts import Source

GOLDEN = Path(__file__).parent / "golden"
START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def points(start: datetime, values: list[float | None]) -> list[Point]:
    return [
        Point(start + timedelta(minutes=15 * index), value, 0 if value is None else 10, index == 2)
        for index, value in enumerate(values)
    ]


def launch() -> Metric:
    return metric(
        title="=App launch, time",
        definition="sum(value) / sum(n) over app_launch where kind = 'cold'",
        series=points(START, [1.25, None, 1.5]),
        groups=[Group('2.1.0"', 1.25, 40, "exceeding", 1.2, 1.3), Group("@old", None, 0, "no data")],
    )


def compared() -> Metric:
    then = NOW - timedelta(days=1)
    return msgspec.structs.replace(
        launch(),
        versus=Versus(
            label="previous period", start=then - timedelta(days=1), end=then, value=1.5, n=90, low=1.4, high=1.6,
            difference=-0.3, verdict="better", p=0.001, shift=86_400, series=points(START - timedelta(days=1), [1.5]),
        ),
    )  # fmt: skip


ASKED = query.parse({"from": "-1d", "release": "2.1.0", "by": "release", "compare": "previous"}, NOW)
USERS = metric(id="crash_free_users", title="Crash-free users", unit="%", series=[])
SENT = (("slack", "sent"), ("mail", "failed"))
ALERT = AlertView(
    id=7, rule="crash_rate", title="Sessions crash too often", kpi="crash_rate", group="crashes", severity="critical",
    state="resolved", reason="value", window_s=900, value=2.5, low=2.1, high=2.9, n=4_000, unit="%", decimals=2, op=">",
    threshold=1.0, definition="100 x sum(crashed) / sum(n)", playbook="crash-rate", labels={"release": "+2.1.0"},
    started_at=START, fired_at=START, resolved_at=None, updated_at=START,
    deliveries=tuple(Delivery(to, "page", state, "", START, None, None) for to, state in SENT),
)  # fmt: skip
TABLES = {
    "series": lambda: sheets.series("x", [launch(), USERS], ASKED, "Europe/Berlin"),
    "comparison": lambda: sheets.series("x", [compared()], ASKED, "UTC"),
    "groups": lambda: sheets.groups("x", [launch()], ASKED, "Asia/Kolkata"),
    "alerts": lambda: sheets.alerts([ALERT], "Europe/Berlin"),
    "sources": lambda: sheets.sources([Source(1, "=app", 7, 1, 0, START), Source(2, "new", 0, 0, 0, None)], "UTC"),
    "nothing": lambda: sheets.series("x", [], ASKED, "UTC"),
}


@pytest.mark.parametrize("name", TABLES)
def test_table_is_the_golden_one(name: str) -> None:
    table: Sheet = TABLES[name]()
    path = GOLDEN / f"{name}.csv"
    written = export.to_csv(table).encode()
    if os.environ.get("LOPAN_GOLDEN"):
        path.write_bytes(written)

    assert written == path.read_bytes()
    assert export.to_parquet(table)
