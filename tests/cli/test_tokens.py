from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lopan.cli import main
from lopan.control import tokens
from lopan.control.principal import Principal


def test_a_token_is_printed_once_and_works_until_it_is_revoked(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["tokens", "create", *data, "--level", "technical", "--level", "executive", "--name", "ci"]) == 0
    token = capsys.readouterr().out.removesuffix("\n")
    assert tokens.verify(engine, token) == Principal("token ci", frozenset({"technical", "executive"}))
    assert main(["tokens", "list", *data]) == 0
    listed = capsys.readouterr().out
    assert token not in listed
    assert re.search(rf"^1 +ci +{token[:8]}\.\.\. +executive, technical ", listed, re.MULTILINE)
    assert main(["tokens", "revoke", *data, "1"]) == 0
    assert tokens.verify(engine, token) is None
    capsys.readouterr()
    assert main(["tokens", "revoke", *data, "1"]) == 2
    assert "no live token with number 1" in capsys.readouterr().err


def test_a_token_may_be_made_to_annotate(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["tokens", "create", *data, "--level", "technical", "--name", "deploy", "--annotate"]) == 0
    found = tokens.verify(engine, capsys.readouterr().out.removesuffix("\n"))
    assert found is not None
    assert found.annotates
    assert main(["tokens", "list", *data]) == 0
    assert re.search(r"^1 +deploy .* technical +annotations ", capsys.readouterr().out, re.MULTILINE)


def test_a_token_that_only_writes_facts_reads_nothing(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["tokens", "create", *data, "--name", "erp", "--facts"]) == 0
    found = tokens.verify(engine, capsys.readouterr().out.removesuffix("\n"))
    assert found == Principal("token erp", feeds=True)
    assert main(["tokens", "list", *data]) == 0
    assert re.search(r"^1 +erp .* facts ", capsys.readouterr().out, re.MULTILINE)
    assert main(["tokens", "create", *data, "--name", "nothing"]) == 2
