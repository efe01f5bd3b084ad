"""What the flood writes is new in every round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lopan.bench.flood import anew
from lopan.demo import history
from lopan.demo.fleet import fleet
from lopan.ingest.rows import record_of, table
from lopan.spool import Record

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def block() -> Record:
    people = fleet(7, NOW.date(), 1_200)
    return record_of(next(history.records(people, NOW - timedelta(hours=3), NOW)))


def test_rounds_share_no_id_and_happened_in_the_last_minute() -> None:
    before = block()
    rounds = [table([anew(before, number, NOW.timestamp())]) for number in (1, 2)]
    ids = [set(rows["event_id"].to_pylist()) for rows in rounds]
    assert len(ids[0] | ids[1]) == 2 * before.rows
    runs = [set(rows["instance"].to_pylist()) - {""} for rows in rounds]
    assert runs[0]
    assert not runs[0] & runs[1]
    for rows in rounds:
        assert timedelta() <= NOW - min(rows["time"].to_pylist()) <= timedelta(minutes=1)
        assert max(rows["time"].to_pylist()) <= NOW
    assert len(set(rounds[0]["session"].to_pylist())) == len(set(table([before])["session"].to_pylist()))
