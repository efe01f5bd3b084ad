"""Opening the control database: durable settings for every connection, and the migrations before the first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError

from lopan.errors import ConfigError, GiveUp

FILE = "control.db"
MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000


def open_database(root: Path) -> Engine:
    """Open ``root/control.db``, made and migrated when needed; several processes may do so at once.

    ``engine.begin()`` takes the write lock at once, so that what a transaction has read stays true until it writes;
    use ``reading`` for what only reads. Raises GiveUp when the file can't be used or is from a newer Lopan.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(root):
            (root / FILE).touch(mode=0o600)
            return _open(root / FILE)
    except OSError as error:
        raise GiveUp(f"can't open the data directory {root}: {error.strerror}; check its path and owner") from error
    except DatabaseError as error:
        raise GiveUp(f"can't use {root / FILE}: {error.orig}; stop what holds it, or restore a backup") from error


def open_existing(root: Path) -> Engine:
    """As ``open_database``, but a directory without data is a ConfigError: a misspelt path must not look empty."""
    if not (root / FILE).is_file():
        raise ConfigError(f"no Lopan data in {root}: check --data or LOPAN_DATA")
    return open_database(root)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection whose SELECTs see one snapshot and block no writer; a write on it may fail as locked."""
    with engine.execution_options(sqlite_begin="DEFERRED").connect() as connection:
        yield connection


def newest_migration() -> str:
    """Number of the last file in ``migrations/versions``; files are numbered without gaps and never branch."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _open(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=8, max_overflow=40)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    # Python's sqlite3 begins transactions too late, and only before writes: take that over (see _begin).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _migrate(engine: Engine) -> None:
    newest = newest_migration()
    with reading(engine) as connection:
        version = _version(connection)
    if version == newest:
        return
    if version > newest:
        raise GiveUp(f"{engine.url.database} was written by a newer Lopan (migration {version}): install that one")
    # Alembic takes a quarter of a second to import, which a command line on a current database need not spend.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str:
    try:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or "")
    except OperationalError as error:
        if "no such table" in str(error.orig):
            return ""
        raise


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    descriptor = os.open(root / "control.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
