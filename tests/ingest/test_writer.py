"""Spool to store, with the real engine: every event once in the table and once in every rollup, in any order."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from tests.support import Pipeline, pipeline

from lopan.clock import SystemClock
from lopan.event import AppLaunch, Crash, Event, FrameStats, Memory, Session
from lopan.ingest.columns import Arrival, record
from lopan.ingest.writer import Writer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def launches(count: int, first: int = 0) -> list[Event]:
    return [
        AppLaunch(
            time=NOON + timedelta(seconds=number),
            event_id=str(UUID(int=(number + 1) << 64)),
            user=f"u{number % 7}",
            release=f"1.{number % 3}",
            duration_ms=1_000 + number,
        )
        for number in range(first, first + count)
    ]


def totals(target: Pipeline) -> tuple[int, float, int, float]:
    table = target.rows("SELECT count() AS n, sum(value) AS v FROM events WHERE type = 'app_launch'")[0]
    rollup = target.rows("SELECT sum(n) AS n, sum(value) AS v FROM measures WHERE type = 'app_launch'")[0]
    return table["n"], table["v"], rollup["n"], rollup["v"]


def test_repeats_count_once_in_table_and_rollup(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        assert target.put(launches(10)) == 10
        assert target.put(launches(10)) == 0
        assert target.put(launches(10, first=5) + launches(3)) == 5
        assert totals(target) == (15, pytest.approx(15.105), 15, pytest.approx(15.105))


def test_repeats_are_known_after_a_restart_without_a_flush(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        target.put(launches(10))
    with pipeline(tmp_path) as again:
        assert again.put(launches(12)) == 2
        assert totals(again)[::2] == (12, 12)


def test_doing_a_segment_twice_changes_nothing(tmp_path: Path) -> None:
    """Killed after the insert and before the checkpoint: the same block comes again under the same token."""
    with pipeline(tmp_path) as target:
        target.put(launches(4))
        (tmp_path / "spool" / "done").write_bytes(bytes(8))
    with pipeline(tmp_path) as again:
        again.run(again.writer.drain)
        assert totals(again)[::2] == (4, 4)


def test_replaying_all_segments_gives_the_same_rows(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        target.put(launches(6))
        target.put([*launches(6), Memory(time=NOON, footprint_mb=100)])
        before = totals(target), target.rows("SELECT count() AS n FROM events")
    shutil.rmtree(tmp_path / "store")
    shutil.rmtree(tmp_path / "seen")
    (tmp_path / "spool" / "done").unlink()
    with pipeline(tmp_path) as again:
        again.run(again.writer.drain)
        assert (totals(again), again.rows("SELECT count() AS n FROM events")) == before


def test_users_get_dense_numbers_that_stay(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        target.put(launches(14))
        first = target.rows("SELECT DISTINCT user_id AS u FROM events ORDER BY u")
        assert [row["u"] for row in first] == [1, 2, 3, 4, 5, 6, 7]
    with pipeline(tmp_path) as again:
        again.put([Memory(time=NOON, user="u3", footprint_mb=1), Memory(time=NOON, footprint_mb=1)])
        rows = again.rows("SELECT user_id AS u FROM events WHERE type = 'memory' ORDER BY u")
        known = again.rows("SELECT any(user_id) AS u FROM events WHERE value = 1.003")
        assert [row["u"] for row in rows] == [0, known[0]["u"]]


def test_sessions_merge_the_same_in_any_order(tmp_path: Path) -> None:
    ident = [str(UUID(int=number << 70)) for number in range(1, 6)]
    end = NOON + timedelta(minutes=90)
    updates: list[Event] = [
        Session(time=NOON, session=ident[0], status="ok", started=NOON),
        Session(time=end, session=ident[0], status="exited", started=NOON, duration_s=5400, release="2"),
        Session(time=NOON, session=ident[1], status="ok", started=NOON),
        Session(time=end, session=ident[1], status="crashed", started=NOON, duration_s=60, errors=1),
        Session(time=NOON, session=ident[2], status="exited", started=NOON),
        Crash(time=end, session=ident[2], exception="SIGSEGV"),
        Session(time=NOON, session=ident[3], status="abnormal", started=NOON),
        Session(time=NOON, session=ident[4], status="exited", started=NOON, count=40),
        Crash(time=NOON),
    ]
    sql = """SELECT session, min(started) AS started, max(status) AS status, max(duration_s) AS duration,
        max(count) AS count, max(release) AS release FROM sessions GROUP BY session ORDER BY session"""
    outcomes = []
    for seed in range(3):
        shuffled = random.Random(seed).sample(updates, len(updates))
        with pipeline(tmp_path / str(seed)) as target:
            for event in [*shuffled, *shuffled[:4]]:
                target.put([event])
            outcomes.append(target.rows(sql))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert [(row["status"], row["count"]) for row in outcomes[0]] == [(1, 1), (3, 1), (3, 1), (2, 1), (1, 40)]
    assert outcomes[0][0]["duration"] == 5400


def test_commits_name_what_became_visible(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        target.put([*launches(2), Memory(time=NOON, footprint_mb=1)])
        target.put(launches(2))
        assert [(commit.number, commit.rows, commit.types) for commit in target.commits] == [
            (1, 3, {"app_launch", "memory"}),
            (2, 0, set()),
        ]


def test_frames_are_brought_to_sixty_hertz(tmp_path: Path) -> None:
    with pipeline(tmp_path) as target:
        target.put(
            [
                FrameStats(time=NOON, duration_s=2, frames=240, refresh_rate=120),
                FrameStats(time=NOON, duration_s=2, frames=110, refresh_rate=60),
                FrameStats(time=NOON, duration_s=1, frames=90, refresh_rate=60),
            ]
        )
        assert [row["v"] for row in target.rows("SELECT frames60 AS v FROM events ORDER BY v")] == [60, 110, 120]


def test_the_writer_outlives_an_error_that_nobody_foresaw(tmp_path: Path) -> None:
    written = threading.Event()
    calls: list[str] = []

    def numbers(kind: str, names: Sequence[str]) -> dict[str, int]:
        calls.append(kind)
        if len(calls) == 1:
            raise ValueError("unforeseen")
        return dict.fromkeys(names, 1)

    with pipeline(tmp_path) as target:
        parts = (target.spool, target.store, target.seen, numbers, SystemClock(), lambda _: written.set())
        writer = Writer(*parts)
        writer.start()
        target.spool.append(record([Arrival(1, NOON, launches(3))]))
        target.spool.sync()
        arrived = written.wait(30)
        writer.stop()
        assert arrived
        assert len(calls) > 1
        assert totals(target)[0] == 3
