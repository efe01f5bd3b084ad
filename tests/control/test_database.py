from __future__ import annotations

import fcntl
import shutil
import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, select, text
from sqlalchemy.exc import IntegrityError

import lopan.control
from lopan.clock import SYSTEM
from lopan.control import database, projects
from lopan.control.database import MIGRATIONS, open_database, open_existing, reading
from lopan.control.tables import ingest_keys, metadata
from lopan.control.tables import projects as project_table
from lopan.errors import ConfigError, GiveUp

OPEN = "import sys, pathlib; from lopan.control.database import open_database; open_database(pathlib.Path(sys.argv[1]))"


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_every_connection_is_durable_and_strict(engine: Engine, pragma: str, value: object) -> None:
    with engine.connect() as first, reading(engine) as second:
        assert first.connection is not second.connection
        for connection in (first, second):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_migrations_make_the_tables_of_the_code(engine: Engine) -> None:
    for module in iter_modules(lopan.control.__path__):
        # Whichever module has tables of its own: they must be known to be compared.
        import_module(f"lopan.control.{module.name}")
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_are_one_line_named_by_number() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]
    assert [Path(script.path).name[:4] for script in scripts] == [script.revision for script in scripts]
    assert [script.revision for script in scripts] == [f"{number:04}" for number in range(1, len(scripts) + 1)]
    assert database.newest_migration() == scripts[-1].revision


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    root = tmp_path / "data"
    open_database(root).dispose()
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in root.iterdir()} == {0o600}


def test_odd_path(tmp_path: Path) -> None:
    root = tmp_path / "a b%20?c#d"
    open_database(root).dispose()
    assert (root / "control.db").stat().st_size > 0


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    for expected in ([], ["app"], ["app"]):
        engine = open_database(tmp_path)
        assert [project.name for project in projects.listing(engine)] == expected
        with engine.begin() as connection:
            projects.ensure(connection, "app")
        engine.dispose()


def test_several_processes_open_a_new_directory_at_once(tmp_path: Path) -> None:
    root = str(tmp_path / "data")
    started = [subprocess.Popen([sys.executable, "-c", OPEN, root], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in started] == [(b"", 0)] * 4


def test_openers_take_turns(tmp_path: Path) -> None:
    """SQLite answers "locked" at once, without waiting, to one of two connections that switch to WAL together."""
    held: list[bool] = []

    def probe(*_: object) -> None:
        with (tmp_path / "control.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)
            else:
                held.append(False)

    event.listen(Engine, "connect", probe)
    try:
        engine = open_database(tmp_path)
    finally:
        event.remove(Engine, "connect", probe)
    probe()
    assert held == [True, False]
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    last = database.newest_migration()
    (copy / "versions" / "0999_broken.py").write_text(
        f"revision, down_revision = '0999', '{last}'\nfrom alembic import op\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (id int)')\n    raise OSError(28, 'No space left')\n"
    )
    monkeypatch.setattr(database, "MIGRATIONS", copy)
    with pytest.raises(GiveUp, match="No space left"):
        open_database(tmp_path / "data")
    monkeypatch.undo()
    engine = open_database(tmp_path / "data")
    assert "half" not in inspect(engine).get_table_names()
    engine.dispose()


def test_a_newer_database_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(GiveUp, match="newer Lopan"):
        open_database(tmp_path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "control.db").write_text("something else entirely, long enough to be read as a header" * 20)
    with pytest.raises(GiveUp, match="not a database"):
        open_database(tmp_path)


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GiveUp, match="check its path"):
        open_database(tmp_path / "file" / "data")


def test_a_misspelt_directory_does_not_look_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Lopan data"):
        open_existing(tmp_path / "dta")
    assert not (tmp_path / "dta").exists()


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_it(engine: Engine) -> None:
    with engine.begin() as writer:
        projects.ensure(writer, "app")
        assert projects.listing(engine) == []
    assert [project.name for project in projects.listing(engine)] == ["app"]


def test_a_snapshot_stays_what_it_was(engine: Engine) -> None:
    with reading(engine) as reader:
        assert reader.execute(select(project_table)).all() == []
        with engine.begin() as writer:
            projects.ensure(writer, "app")
        assert reader.execute(select(project_table)).all() == []


def test_foreign_keys_hold(engine: Engine) -> None:
    row = {"project_id": 7, "hash": "h", "hint": "h", "created_at": SYSTEM.now()}
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(ingest_keys.insert().values(row))
