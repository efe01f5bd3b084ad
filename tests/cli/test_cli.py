from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lopan import __version__, cli
from lopan.errors import ConfigError, GiveUp, Locked, LopanError, Rejected, TryAgain

HEAVY = ("chdb", "pyarrow", "numpy", "fastapi", "starlette", "uvicorn", "alembic", "lopan.web", "lopan.server")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["serv"], "invalid choice: 'serv'"),
        (["users"], "the following arguments are required: COMMAND"),
        (["users", "list", "--bogus"], "unrecognized arguments: --bogus"),
        (["keys", "create"], "the following arguments are required: --project"),
        (["keys", "revoke", "one"], "invalid int value: 'one'"),
        (["tokens", "create", "--level", "root"], "invalid choice: 'root'"),
        (["serve", "--port", "http"], "invalid int value: 'http'"),
        (["serve", "--dat", "x"], "unrecognized arguments: --dat x"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Rejected("level", "unknown"), 2),
        (ConfigError("port: out of range"), 2),
        (TryAgain("busy"), 1),
        (GiveUp("disk full"), 1),
        (Locked("held by process 7"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_are_one_line_and_a_code(
    error: LopanError, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_args: object) -> None:
        raise error

    monkeypatch.setattr("lopan.cli.keys._list", fail)
    assert cli.main(["keys", "list"]) == code
    assert capsys.readouterr() == ("", f"lopan: {error}\n")


def test_an_interrupt_is_no_error_to_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lopan.cli.keys._list", interrupt)
    assert cli.main(["keys", "list"]) == 130
    assert capsys.readouterr().err == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"lopan {__version__}\n"


@pytest.mark.parametrize("command", ["demo", "bench"])
def test_demo_and_bench_have_flags_of_their_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert f"usage: lopan {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--help"], ["users", "list"], ["keys", "list"], ["tokens", "list"]], ids=" ".join
)
def test_small_commands_load_nothing_heavy(arguments: list[str], migrated: Path) -> None:
    data = [] if arguments == ["--help"] else ["--data", str(migrated.parent)]
    code = (
        "import sys; from lopan import cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *arguments, *data]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"
