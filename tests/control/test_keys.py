from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lopan.control import audit, keys
from lopan.control.keys import NewKey
from lopan.control.projects import ProjectRef
from lopan.errors import Rejected


def test_a_key_leads_to_its_project(engine: Engine) -> None:
    one, two = keys.create(engine, "app"), keys.create(engine, "backend")
    assert re.fullmatch("[0-9a-f]{32}", one.key)
    assert keys.verify(engine, one.key) == ProjectRef(1, "app")
    assert keys.verify(engine, two.key) == ProjectRef(2, "backend")


def test_a_project_may_have_several_keys(engine: Engine) -> None:
    one, two = keys.create(engine, "app"), keys.create(engine, "app")
    assert one.key != two.key
    assert keys.verify(engine, one.key) == keys.verify(engine, two.key)


@pytest.mark.parametrize(
    "wrong",
    ["", "0" * 32, "A" * 32, "0" * 31, "' OR 1=1 --", "0" * 32 + "\n", "\ud800" * 32, "0" * 1_000_000],
    ids=["empty", "unknown", "upper case", "short", "sql", "newline", "surrogates", "huge"],
)
def test_other_keys_lead_nowhere(engine: Engine, wrong: str) -> None:
    keys.create(engine, "app")
    assert keys.verify(engine, wrong) is None


def test_only_a_hash_is_stored(engine: Engine, tmp_path: Path) -> None:
    key = keys.create(engine, "app").key
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))
    assert b"ingest_keys" in stored
    assert key.encode() not in stored
    assert key[:9].encode() not in stored


def test_a_revoked_key_is_refused_and_still_listed(engine: Engine) -> None:
    first, second = keys.create(engine, "app"), keys.create(engine, "app")
    keys.revoke(engine, 1)
    assert keys.verify(engine, first.key) is None
    assert keys.verify(engine, second.key) == ProjectRef(1, "app")
    listed = keys.listing(engine)
    assert [(key.id, key.name, key.hint, key.revoked_at is None) for key in listed] == [
        (1, "app", first.key[:4], False),
        (2, "app", second.key[:4], True),
    ]


@pytest.mark.parametrize("number", [0, 1, 2, -1])
def test_revoking_what_is_not_live_is_refused(engine: Engine, number: int) -> None:
    keys.create(engine, "app")
    keys.revoke(engine, 1)
    with pytest.raises(Rejected, match="no live key"):
        keys.revoke(engine, number)


def test_what_was_done_is_in_the_audit_log(engine: Engine) -> None:
    keys.create(engine, "app", "ann")
    keys.revoke(engine, 1, "bob")
    assert [(entry.actor, entry.action, entry.subject) for entry in audit.entries(engine)] == [
        ("bob", "key.revoke", "1"),
        ("ann", "key.create", "app"),
        ("ann", "project.add", "app"),
    ]


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("http://127.0.0.1:8700", "http://K@127.0.0.1:8700/3"),
        ("https://lopan.example/", "https://K@lopan.example/3"),
        ("https://example.org/lopan", "https://K@example.org/lopan/3"),
    ],
)
def test_dsn(url: str, dsn: str) -> None:
    assert NewKey("K", 3, "app").dsn(url) == dsn
