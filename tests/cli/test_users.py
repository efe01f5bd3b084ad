from __future__ import annotations

import getpass
import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lopan.cli import main
from lopan.control import audit, users
from lopan.control.principal import Principal

EMAIL, PASSWORD = "ann@example.org", "a quiet harbour"
pytestmark = pytest.mark.usefixtures("quick_hashing")


@pytest.fixture
def data(engine: Engine, tmp_path: Path) -> list[str]:
    """The directory of a running server."""
    return ["--data", str(tmp_path)]


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(
    ("flags", "levels", "admin"),
    [
        (["--level", "technical"], {"technical"}, False),
        (["--level", "technical", "--level", "executive"], {"technical", "executive"}, False),
        (["--admin"], set(), True),
        (["--role", "administrator"], {"technical"}, False),
        (["--role", "salesperson", "--level", "executive"], {"operational", "executive"}, False),
        (["--role", "shiftLead"], {"customerSuccess"}, False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_add(
    engine: Engine,
    data: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    levels: set[str],
    admin: bool,
) -> None:
    (tmp_path / "lopan.toml").write_text('[levels]\nadministrator = "technical"\nshiftLead = "customerSuccess"\n')
    pipe(monkeypatch, PASSWORD + "\r\nmore\n")
    assert main(["users", "add", *data, "Ann@Example.org", *flags, "--password-stdin"]) == 0
    assert users.check(engine, EMAIL, PASSWORD) == Principal(EMAIL, frozenset(levels), admin)
    assert audit.entries(engine)[0].actor == f"command line: {getpass.getuser()}"


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        ([EMAIL], PASSWORD, "level: give --level"),
        ([EMAIL, "--level", "technical"], "short\n", "password: it needs 10"),
        ([EMAIL, "--level", "technical"], "", "password: it needs 10"),
        (["ann", "--level", "technical"], PASSWORD, "email: 'ann' is not"),
    ],
    ids=["no level", "short", "nothing", "no e-mail"],
)
def test_add_refuses(
    engine: Engine,
    data: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    stdin: str,
    says: str,
) -> None:
    pipe(monkeypatch, stdin)
    assert main(["users", "add", *data, *arguments, "--password-stdin"]) == 2
    assert capsys.readouterr().err.startswith(f"lopan: {says}")
    assert users.listing(engine) == []


def test_without_a_terminal_it_does_not_wait_for_one(
    data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, PASSWORD)
    assert main(["users", "add", *data, EMAIL, "--admin"]) == 2
    assert "--password-stdin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("again", "code", "says"),
    [(PASSWORD, 0, "ann@example.org may sign in: technical"), ("something else", 2, "the two are not the same")],
    ids=["same", "different"],
)
def test_a_terminal_is_asked_twice(engine: Engine, data: list[str], again: str, code: int, says: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lopan.cli", "users", "add", *data, EMAIL, "--level", "technical"]
    # A session of its own has no controlling terminal, so that the questions come to this one.
    process = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stderr
    asked = b""
    for prompt, answer in ((b"Password for ann@example.org: ", PASSWORD), (b"The same again: ", again)):
        while not asked.endswith(prompt):
            byte = process.stderr.read(1)
            assert byte, asked
            asked += byte
        os.write(ours, answer.encode() + b"\n")
    out, err = process.communicate()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code
    assert says in (out + err).decode()
    assert PASSWORD not in (asked + out + err).decode()
    assert [person.email for person in users.listing(engine)] == ([EMAIL] if code == 0 else [])


def test_list_change_password_remove(
    engine: Engine, data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    users.add(engine, EMAIL, PASSWORD, ["technical"])
    assert main(["users", "change", *data, EMAIL, "--level", "executive", "--admin"]) == 0
    assert users.check(engine, EMAIL, PASSWORD) == Principal(EMAIL, frozenset({"executive"}), admin=True)
    assert main(["users", "change", *data, EMAIL, "--no-admin"]) == 0
    assert users.check(engine, EMAIL, PASSWORD) == Principal(EMAIL, frozenset({"executive"}))
    capsys.readouterr()
    assert main(["users", "list", *data]) == 0
    headings, row = capsys.readouterr().out.splitlines()
    assert headings.split("  ")[0] == "E-MAIL"
    assert row.startswith("ann@example.org  executive  20")
    pipe(monkeypatch, "another harbour\n")
    assert main(["users", "password", *data, EMAIL, "--password-stdin"]) == 0
    assert users.check(engine, EMAIL, PASSWORD) is None
    assert users.check(engine, EMAIL, "another harbour")
    assert main(["users", "remove", *data, EMAIL]) == 0
    assert users.listing(engine) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["change", EMAIL], "level: give --level, --admin or --no-admin"),
        (["change", EMAIL, "--admin"], "email: there is no user"),
        (["remove", EMAIL], "email: there is no user"),
    ],
    ids=["nothing to change", "change", "remove"],
)
def test_what_cannot_be_changed(
    data: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["users", *arguments, *data]) == 2
    assert capsys.readouterr().err.startswith(f"lopan: {says}")
