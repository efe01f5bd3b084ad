"""Rows of the history become the native events that the endpoint would turn into the same rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pyarrow as pa
import pytest

from lopan.demo import history
from lopan.demo.fleet import fleet
from lopan.demo.native import moment, timed
from lopan.event import decode_batch
from lopan.ingest.columns import Arrival, record
from lopan.ingest.rows import table as rows_of

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_176_579_827, "2026-11-20T12:09:39.827Z"),
        (999, "1970-01-01T00:00:00.999Z"),
    ],
    ids=["epoch", "now", "ms"],
)
def test_moment(at: int, text: str) -> None:
    assert moment(at) == text


def test_the_way_over_the_wire_gives_the_same_rows() -> None:
    batches = list(history.records(fleet(7, END.date(), 1_200), END - timedelta(days=3), END))
    table = pa.concat_tables([pa.Table.from_batches([batch]) for batch in batches], promote_options="default")
    events = [drawn.event for drawn in timed(table)]
    taken = decode_batch(msgspec.json.encode(events))
    assert not taken.refused
    rows = rows_of([record([Arrival(1, END, taken.events)])])
    assert by_id(rows) == by_id(table)


def test_an_offline_client_sends_whole_hours_later() -> None:
    batches = history.records(fleet(7, END.date(), 1_200), END - timedelta(hours=6), END)
    table = pa.concat_tables([pa.Table.from_batches([batch]) for batch in batches], promote_options="default")
    waited = [sent.at - at for sent, at in zip(timed(table), table["time"].cast(pa.int64()).to_pylist(), strict=True)]
    assert {wait % 3_600_000 for wait in waited} == {0}
    assert 0 < sum(wait > 0 for wait in waited) < 0.05 * len(waited)


def by_id(table: pa.Table) -> dict[bytes, dict[str, object]]:
    """What is stored: a default and an absent value are the same there."""
    empty = (None, "", 0, 0.0, bytes(16), datetime(1970, 1, 1, tzinfo=UTC))
    return {
        row["event_id"]: {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in row.items()
            if name != "received" and value not in empty and not (name == "refresh_rate" or name == "count")
        }
        for row in table.to_pylist()
    }
