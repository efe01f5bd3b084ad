"""Filling the store in a process of its own: all of it, once, however often it is begun."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lopan.demo import history, state
from lopan.demo.backlog import Bar, fill
from lopan.demo.fleet import fleet
from lopan.errors import GiveUp
from lopan.store import hold

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def begun(tmp_path: Path) -> state.State:
    remembered = state.begin(tmp_path, 7, 1_200, END.date())
    state.complete(tmp_path, remembered)
    return remembered


def test_doing_it_again_adds_nothing(tmp_path: Path, begun: state.State) -> None:
    start = END - timedelta(days=1)
    people = fleet(begun.seed, begun.anchor, begun.people)
    told: list[int] = []
    first = start + timedelta(hours=6)

    def count(start: datetime, since: datetime | None) -> int:
        return sum(batch.num_rows for batch in history.records(people, start, END, since=since))

    rows = fill(tmp_path, begun, first, END, told.append)
    assert rows == count(first, first)
    assert told[-1] == rows
    assert told == sorted(told)
    assert fill(tmp_path, begun, start, END) == count(start, start) - rows
    begun.until = END
    assert fill(tmp_path, begun, start, END) == count(start, None) - count(start, start) > 0


def test_a_directory_in_use_is_said_to_be(tmp_path: Path, begun: state.State) -> None:
    with hold(tmp_path), pytest.raises(GiveUp, match="in use"):
        fill(tmp_path, begun, END - timedelta(hours=1), END)


def test_progress_in_a_log_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar("history", 1_000)
    for rows in range(0, 1_001, 50):
        bar(rows)
    bar.done()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1].startswith("history  100%  1,000 events")
