"""Figures of two published data sets; skipped unless ``LOPAN_REFERENCE_DATA`` names the folder that holds them."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.analytics.figures import metric
from tests.house import House

from lopan.analytics.metric import Span

FOLDER = Path(os.environ.get("LOPAN_REFERENCE_DATA") or "/nowhere")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="LOPAN_REFERENCE_DATA names no folder")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("reference"))
    yield made
    made.close()


def day(text: str) -> datetime:
    return datetime.strptime(text, "%d-%b-%y").replace(tzinfo=UTC)


def test_deliveries(house: House) -> None:
    with (FOLDER / "deliveries-scms.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {"first_promised": "Scheduled Delivery Date", "delivered": "Delivered to Client Date"}
    lines = [
        {"key": row["ID"], "order": row["ID"]} | {name: day(row[old]) for name, old in names.items()} for row in rows
    ]
    house.load(lines, "order_line")
    found = metric(house, "on_time_delivery", Span(datetime(2005, 1, 1, tzinfo=UTC), NOW), now=NOW)
    assert (found.n, found.value) == (10_324, pytest.approx(100 * 9_138 / 10_324))


def traces() -> Iterator[tuple[str, list[dict[str, str]]]]:
    with gzip.open(FOLDER / "production-log.xes.gz") as file:
        for trace in ElementTree.parse(file).getroot().findall("{*}trace"):
            name = next(one.get("value", "") for one in trace if one.get("key") == "concept:name")
            events = [
                {one.get("key", ""): one.get("value", "") for one in event} for event in trace.findall("{*}event")
            ]
            yield name, [event for event in events if event["org:resource"] not in ("Start", "End")]


def test_shop_floor(house: House) -> None:
    orders: list[dict[str, Any]] = []
    work: list[dict[str, Any]] = []
    for name, events in traces():
        times = [datetime.fromisoformat(event["time:timestamp"]) for event in events]
        orders.append({"key": name, "order": name, "status": "done", "started": min(times), "ended": max(times)})
        waiting: dict[tuple[str, str], list[datetime]] = {}
        for event, at in zip(events, times, strict=True):
            key = (event["concept:name"], event["org:resource"])
            if event["lifecycle:transition"] == "start":
                waiting.setdefault(key, []).append(at)
                continue
            worker = {"employee": event["org:resource"], "started": waiting[key].pop(0), "ended": at}
            work.append({"key": str(len(work)), **worker})
            orders[-1]["scrap"] = orders[-1].get("scrap", 0.0) + float(event["Qty_Rejected"])
            orders[-1]["good"] = orders[-1].get("good", 0.0) + float(event["Qty_Completed"])
    house.load(orders, "work_order")
    house.load(work, "labour")
    span = Span(datetime(2011, 12, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC))
    values = {
        name: metric(house, name, span, now=NOW).value
        for name in ("lead_time_median", "lead_time_p90", "worked_hours", "scrap_rate", "orders_completed")
    }
    assert values["orders_completed"] == 225
    assert values["worked_hours"] == pytest.approx(11_087.92, abs=0.005)
    assert values["lead_time_median"] == pytest.approx(13.90, abs=0.005)
    assert values["lead_time_p90"] == pytest.approx(47.33, abs=0.005)
    assert values["scrap_rate"] == pytest.approx(100 * 593 / 92_257)
