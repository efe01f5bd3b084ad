"""Servers that tests start for themselves from the system's own binaries, on loopback, on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lopan.demo.process import free_port

PASSWORD = "correct-horse-7"
ZONE = "Europe/Berlin"


def postgresql_binaries() -> Path | None:
    """Debian keeps initdb out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def mariadb_binary() -> Path | None:
    found = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    return Path(found) if found and shutil.which("mariadb-install-db") and shutil.which("mariadb") else None


def mosquitto_binary() -> Path | None:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    return Path(found) if found else None


def need(found: Path | None, what: str) -> Path:
    """The binary; without it the test is skipped with a visible line, in CI, which installs it, it fails."""
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"no {what}, which .ci/services installs")
        pytest.skip(f"no {what}: `.ci/services` installs it")
    return found


class Database:
    """A running server: ``run`` takes statements as its administrator."""

    def __init__(self, kind: str, port: int, command: list[str], user: str) -> None:
        self.kind, self.port, self.user = kind, port, user
        self._command = command

    def run(self, statements: str, database: str = "erp") -> str:
        environ = {**os.environ, "PGPASSWORD": PASSWORD, "PGTZ": "UTC"}
        command = [*self._command, database]
        done = subprocess.run(command, input=statements, capture_output=True, text=True, env=environ, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def postgresql(root: Path) -> Iterator[Database]:
    """A server whose zone is not UTC, with a database ``erp`` and a user ``lopan`` who may only read."""
    binaries = need(postgresql_binaries(), "PostgreSQL")
    port, owner = free_port(), _owner(root)
    password = root / "password"
    password.write_text(PASSWORD)
    data = root / "data"
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "admin", "--auth=scram-sha-256", f"--pwfile={password}"]
    subprocess.run([*initdb, "-N", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, user=owner)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "timezone": ZONE, "fsync": "off",
                "unix_socket_directories": "", "max_connections": 20, "shared_buffers": "32MB"}  # fmt: skip
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    with _running([str(binaries / "postgres"), "-D", str(data), *flags], owner, port, root):
        psql = [
            str(binaries / "psql"),
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-U",
            "admin",
            "-v",
            "ON_ERROR_STOP=1",
            "-qAt",
        ]
        server = Database("postgresql", port, psql, "lopan")
        _until(lambda: server.run("SELECT 1", "postgres"))
        server.run(f"CREATE DATABASE erp; CREATE ROLE lopan LOGIN PASSWORD '{PASSWORD}'", "postgres")
        server.run("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO lopan")
        yield server


@contextmanager
def mariadb(root: Path) -> Iterator[Database]:
    """A server whose zone is not UTC, with a database ``erp`` and a user ``lopan`` who may only read."""
    binary = need(mariadb_binary(), "MariaDB")
    port, owner = free_port(), _owner(root)
    data, sock = root / "data", root / "sock"
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, "--skip-test-db"], check=True, capture_output=True, user=owner)
    flags = [f"--datadir={data}", f"--socket={sock}", f"--port={port}", "--bind-address=127.0.0.1",
             "--default-time-zone=+02:00", "--innodb-buffer-pool-size=32M"]  # fmt: skip
    with _running([str(binary), "--no-defaults", *flags], owner, port, root):
        server = Database("mysql", port, ["mariadb", "--no-defaults", "-N", "-uroot", f"-S{sock}"], "lopan")
        _until(lambda: server.run("SELECT 1", "mysql"))
        server.run(
            f"CREATE DATABASE erp; CREATE USER lopan@'%' IDENTIFIED BY '{PASSWORD}';"
            f"CREATE USER lopan@'localhost' IDENTIFIED BY '{PASSWORD}';"
            "GRANT SELECT ON erp.* TO lopan@'%'; GRANT SELECT ON erp.* TO lopan@'localhost'",
            "mysql",
        )
        yield server


@contextmanager
def mosquitto(root: Path) -> Iterator[int]:
    """A broker that lets in the user ``lopan`` and nobody else; gives its port."""
    binary = need(mosquitto_binary(), "MQTT broker")
    port, owner = free_port(), _owner(root)
    passwords, settings = root / "passwords", root / "mosquitto.conf"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "lopan", PASSWORD], check=True, user=owner)
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n")
    with _running([str(binary), "-c", str(settings)], owner, port, root):
        yield port


def _owner(root: Path) -> str | int | None:
    """Servers refuse to run as root: then nobody owns them."""
    if os.geteuid() != 0:
        return None
    shutil.chown(root, "nobody")
    return "nobody"


@contextmanager
def place() -> Iterator[Path]:
    """A directory for a server; pytest's own are closed to everybody else, whoever owns what is in them."""
    with tempfile.TemporaryDirectory(prefix="lopan-") as made:
        yield Path(made)


@contextmanager
def _running(command: list[str], owner: str | int | None, port: int, root: Path) -> Iterator[None]:
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=owner)
        try:
            _until(lambda: socket.create_connection(("127.0.0.1", port), 1).close())
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _until(work: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            work()
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
