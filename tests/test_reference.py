"""Two published data sets, imported beside a running server and read back over HTTP: their known figures come out.

Skipped unless ``LOPAN_SHARED_DATA`` names the folder that holds them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.served import Served, served

SHARED = Path(os.environ.get("LOPAN_SHARED_DATA") or "/nowhere")
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="LOPAN_SHARED_DATA names no folder with the data sets")

DELIVERIES = {"from": "2006-01-01T00:00:00Z", "to": "2016-01-01T00:00:00Z"}
SHOP_FLOOR = {"from": "2011-12-01T00:00:00Z", "to": "2013-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("reference")) as made:
        for name, mapping in (("deliveries-scms.csv", "scms-deliveries"), ("production-log.xes.gz", "xes-production")):
            command = ["import", str(SHARED / name), "--mapping", mapping, "--data", str(made.root)]
            done = subprocess.run([sys.executable, "-m", "lopan.cli", *command], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        yield made


@pytest.mark.parametrize(
    ("name", "span", "n", "value"),
    [
        ("on_time_delivery", DELIVERIES, 10_324, 100 * 9_138 / 10_324),
        ("late_recording", DELIVERIES, 10_324, 100 * 1_908 / 10_324),
        ("orders_completed", SHOP_FLOOR, 225, 225),
        ("lead_time_median", SHOP_FLOOR, 225, 13.90),
        ("lead_time_p90", SHOP_FLOOR, 225, 47.33),
        ("machine_scrap_rate", SHOP_FLOOR, 92_257, 100 * 593 / 92_257),
        ("worked_hours", SHOP_FLOOR, None, 11_087.92),
        ("paid_hours", SHOP_FLOOR, 4_503, 13_743.75),
    ],
)
def test_a_known_figure(server: Served, name: str, span: dict[str, str], n: int | None, value: float) -> None:
    answer = server.get(f"/api/v1/metrics/{name}", "operational", **span)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert n is None or found["n"] == n
    assert round(found["value"], 10) == round(value, 10) or round(found["value"], 2) == value
