"""``lopan import`` does the same beside a running server as without one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.served import served

from lopan.cli import main
from lopan.control import batches
from lopan.control.database import open_existing

GOOD = "Order,Qty\nA,1\nB,2\n"


def state(root: Path) -> list[str]:
    engine = open_existing(root)
    try:
        return [batch.state for batch in batches.listing(engine)]
    finally:
        engine.dispose()


@pytest.mark.parametrize("running", [False, True], ids=["alone", "beside a server"])
def test_a_file_is_loaded_and_taken_back(tmp_path: Path, running: bool, capsys: pytest.CaptureFixture[str]) -> None:
    file, root = tmp_path / "lines.csv", tmp_path / "data"
    file.write_text(GOOD)

    def work() -> None:
        assert main(["import", str(file), "--data", str(root), "--fact", "order_line"]) == 0
        said = capsys.readouterr().out
        assert "order_line: 2 rows loaded" in said
        assert state(root) == ["loaded"]
        found = re.search(r"--undo (\w+)", said)
        assert found is not None
        assert main(["import", "--data", str(root), "--undo", found[1]]) == 0
        assert "the 2 rows of lines.csv are taken back" in capsys.readouterr().out
        assert state(root) == ["undone"]

    if not running:
        return work()
    with served(root):
        work()
    return None


def test_refused_rows_end_with_1_and_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, root = tmp_path / "lines.csv", tmp_path / "data"
    file.write_text(GOOD + "C,x\n")
    command = ["import", str(file), "--data", str(root), "--fact", "order_line"]
    assert main([*command, "--dry-run"]) == 1
    assert "2 rows would be loaded, 1 are refused; nothing was changed" in capsys.readouterr().out
    assert not root.exists()
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "refused, 1 rows: ordered is not a number" in said
    assert "row 3: C; x" in said
    assert "give --partial to load the others" in said
    assert state(root) == ["failed"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "either --fact NAME or --mapping NAME"),
        (["--fact", "nope"], "there is no fact 'nope'"),
        (["--mapping", "nope"], "there is no mapping 'nope'"),
        (["--fact", "order_line", "--encoding", "utf-16"], "is not utf-16"),
    ],
)
def test_what_is_asked_wrongly_ends_with_2(
    tmp_path: Path, flags: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("Order,Qty\nA,12\n")
    assert main(["import", str(tmp_path / "t.csv"), "--data", str(tmp_path / "data"), *flags]) == 2
    assert said in capsys.readouterr().err
