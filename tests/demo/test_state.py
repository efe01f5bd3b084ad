"""What a demo directory remembers, and that real data is never taken for a demo."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lopan.control import keys, users
from lopan.control.database import open_database
from lopan.demo import state
from lopan.errors import ConfigError

ANCHOR = date(2026, 11, 20)


def test_nothing_yet(tmp_path: Path) -> None:
    assert state.find(tmp_path / "demo") is None


def test_the_log_ins_and_the_key_work(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    begun = state.begin(root, 7, 1_200, ANCHOR)
    state.complete(root, begun)
    engine = open_database(root)
    try:
        for account in begun.accounts:
            principal = users.check(engine, account.email, account.password)
            assert principal is not None
            assert principal.levels == {account.level}
            assert principal.admin == account.admin
        assert tuple(one.email for one in begun.accounts if one.admin) == state.ADMINISTRATORS
        project = keys.verify(engine, begun.key)
        assert project is not None
        assert (project.id, project.name) == (begun.project, "app")
    finally:
        engine.dispose()


def test_it_is_remembered(tmp_path: Path) -> None:
    begun = state.begin(tmp_path, 7, 1_200, ANCHOR)
    state.complete(tmp_path, begun)
    begun.until = datetime(2026, 11, 20, 12, tzinfo=UTC)
    begun.save(tmp_path)
    assert state.find(tmp_path) == begun
    assert stat.S_IMODE((tmp_path / state.FILE).stat().st_mode) == 0o600


def test_an_interrupted_beginning_is_finished(tmp_path: Path) -> None:
    begun = state.begin(tmp_path, 7, 1_200, ANCHOR)
    engine = open_database(tmp_path)
    account = begun.accounts[0]
    users.add(engine, account.email, account.password, [account.level])
    engine.dispose()
    found = state.find(tmp_path)
    assert found is not None
    state.complete(tmp_path, found)
    key = found.key
    state.complete(tmp_path, found)
    assert found.key == key
    engine = open_database(tmp_path)
    assert len(users.listing(engine)) == len(begun.accounts)
    assert len(keys.listing(engine)) == 1
    engine.dispose()


def test_real_data_is_refused(tmp_path: Path) -> None:
    open_database(tmp_path).dispose()
    with pytest.raises(ConfigError, match="another directory"):
        state.find(tmp_path)


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / state.FILE).write_text("{")
    with pytest.raises(ConfigError, match="begin a new demo"):
        state.find(tmp_path)
