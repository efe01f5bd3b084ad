from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lopan.cli import main
from lopan.control import keys
from lopan.control.projects import ProjectRef

DSN = re.compile(r"^DSN: +(http://([0-9a-f]{32})@.*/(\d+))$", re.MULTILINE)


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    return lambda: capsys.readouterr().out


def test_a_key_made_beside_a_running_server_works_at_once(
    engine: Engine, tmp_path: Path, out: Callable[[], str]
) -> None:
    assert main(["keys", "create", "--data", str(tmp_path), "--project", "app"]) == 0
    printed = out()
    shown = DSN.search(printed)
    assert shown
    dsn, key, number = shown.groups()
    assert dsn == f"http://{key}@127.0.0.1:8700/{number}"
    assert f"Key:  {key}\n" in printed
    assert keys.verify(engine, key) == ProjectRef(int(number), "app")
    assert main(["keys", "list", "--data", str(tmp_path)]) == 0
    listed = out()
    assert key not in listed
    assert re.search(rf"^1 +app +{key[:4]}\.\.\. ", listed, re.MULTILINE)
    assert main(["keys", "revoke", "--data", str(tmp_path), "1"]) == 0
    assert keys.verify(engine, key) is None


@pytest.mark.parametrize(
    ("environ", "flags", "settings", "address"),
    [
        ({}, [], "", "127.0.0.1:8700"),
        ({"LOPAN_PORT": "9000"}, [], "", "127.0.0.1:9000"),
        ({}, [], "port = 9001", "127.0.0.1:9001"),
        ({"LOPAN_PORT": "9000"}, ["--port", "9002"], "port = 9001", "127.0.0.1:9002"),
        ({"LOPAN_URL": "http://lopan.example/"}, [], "", "lopan.example"),
        ({"LOPAN_URL": "http://lopan.example"}, ["--url", "http://other.example/lopan"], "", "other.example/lopan"),
    ],
    ids=["default", "environment", "file", "flag", "url", "url flag"],
)
def test_flags_environment_and_file_do_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: Callable[[], str],
    environ: dict[str, str],
    flags: list[str],
    settings: str,
    address: str,
) -> None:
    for name, value in ({"LOPAN_DATA": str(tmp_path)} | environ).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "lopan.toml").write_text(settings)
    assert main(["keys", "create", "--project", "app", *flags]) == 0
    shown = DSN.search(out())
    assert shown
    assert shown[1] == f"http://{shown[2]}@{address}/1"
    assert (tmp_path / "control.db").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["keys", "list"], "no Lopan data in"),
        (["keys", "revoke", "1"], "no Lopan data in"),
        (["tokens", "list"], "no Lopan data in"),
        (["users", "list"], "no Lopan data in"),
        (["keys", "create", "--project", " "], "project: a name has"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main([*arguments, "--data", str(tmp_path / "none")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lopan: {says}")
    assert printed.err.count("\n") == 1
