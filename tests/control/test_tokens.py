from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lopan.control import audit, tokens
from lopan.control.principal import LEVELS, Principal
from lopan.errors import Rejected


@pytest.mark.parametrize("levels", [["technical"], ["executive", "operational"], LEVELS], ids=", ".join)
def test_a_token_stands_for_its_levels_and_never_administers(engine: Engine, levels: list[str]) -> None:
    token = tokens.create(engine, levels, "grafana")
    assert re.fullmatch(r"lpt_[A-Za-z0-9_-]{43}", token)
    assert tokens.verify(engine, token) == Principal("token grafana", frozenset(levels), admin=False)


@pytest.mark.parametrize(
    ("levels", "name", "place"),
    [([], "api", "level"), (["admin"], "api", "level"), (["technical"], "", "name"), (["technical"], "a\n", "name")],
)
def test_what_could_read_nothing_is_refused(engine: Engine, levels: list[str], name: str, place: str) -> None:
    with pytest.raises(Rejected) as caught:
        tokens.create(engine, levels, name)
    assert caught.value.place == place
    assert tokens.listing(engine) == []


@pytest.mark.parametrize(
    "change",
    [str.swapcase, lambda token: token[:-1], lambda token: token + "a", lambda token: token[4:]],
    ids=["case", "shorter", "longer", "no prefix"],
)
def test_nothing_but_the_very_token_counts(engine: Engine, change: Callable[[str], str]) -> None:
    token = tokens.create(engine, ["technical"])
    assert tokens.verify(engine, change(token)) is None


def test_only_a_hash_is_stored(engine: Engine, tmp_path: Path) -> None:
    token = tokens.create(engine, ["technical"])
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))
    assert token[:8].encode() in stored
    assert token[4:].encode() not in stored
    assert token[:12].encode() not in stored


def test_a_revoked_token_is_refused_and_still_listed(engine: Engine) -> None:
    token = tokens.create(engine, ["technical", "executive"], "ci")
    tokens.revoke(engine, 1, "ann")
    assert tokens.verify(engine, token) is None
    (listed,) = tokens.listing(engine)
    assert (listed.id, listed.name, listed.levels) == (1, "ci", frozenset({"technical", "executive"}))
    assert listed.revoked_at is not None
    with pytest.raises(Rejected, match="no live token"):
        tokens.revoke(engine, 1)
    assert [entry.action for entry in audit.entries(engine)] == ["token.revoke", "token.create"]


@pytest.mark.parametrize("annotates", [True, False])
def test_a_token_annotates_only_when_it_was_made_to(engine: Engine, annotates: bool) -> None:
    token = tokens.create(engine, ["technical"], "deploy", annotates=annotates)
    found = tokens.verify(engine, token)
    assert found is not None
    assert (found.annotates, found.person) == (annotates, False)
    assert ("annotations" in audit.entries(engine)[0].detail) == annotates
