"""``lopan connect`` on a SQLite database: tried, pulled, listed; errors name what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.connect.test_service import MAPPING

from lopan.cli import main


@pytest.fixture
def root(tmp_path: Path) -> Path:
    books = tmp_path / "books.db"
    with closing(sqlite3.connect(books)) as connection:
        connection.executescript(
            "CREATE TABLE costs (id integer, day text, amount text, changed text);"
            "INSERT INTO costs VALUES (1, '2026-11-01', '12.5', '2026-11-01 10:00:00'),"
            " (2, '2026-11-01', 'much', '2026-11-01 10:00:00')"
        )
    (tmp_path / "lopan.d" / "mappings").mkdir(parents=True)
    (tmp_path / "lopan.d" / "mappings" / "costs.toml").write_text(MAPPING)
    settings = f'[[connect.sql]]\nname = "books"\nkind = "sqlite"\ndatabase = "{books}"\nmappings = ["costs"]\n'
    (tmp_path / "lopan.toml").write_text(settings)
    return tmp_path


def test_a_connection_is_tried_pulled_and_listed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(root)]
    assert main(["connect", "list", *data]) == 2
    capsys.readouterr()
    from lopan.control.database import open_database

    open_database(root).dispose()
    assert main(["connect", "test", "books", *data]) == 0
    assert "row 2, amount:" in capsys.readouterr().out
    assert main(["connect", "pull", "books", *data]) == 0
    assert "costs: 2 read, 1 new, 1 refused, 0 gone" in capsys.readouterr().out
    assert main(["connect", "list", *data]) == 0
    assert "books" in capsys.readouterr().out


def test_one_that_is_not_there_is_named_beside_those_that_are(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "test", "book", "--data", str(root)]) == 2
    assert "there are: books" in capsys.readouterr().err


def test_a_database_that_is_down_fails_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "books.db").unlink()
    from lopan.control.database import open_database

    open_database(root).dispose()
    assert main(["connect", "pull", "books", "--data", str(root)]) == 1
    assert "unable to open database file" in capsys.readouterr().err
