"""``lopan baselines``: one administrator freezes, another approves; the store belongs to one process."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.house import House

from lopan.cli import main
from lopan.control import audit, baselines, users
from lopan.control.database import open_database
from lopan.store import hold

ANN, BEN, READER = "ann@example.org", "ben@example.org", "reader@example.org"
WINDOW = ["--from", "2026-01-01", "--to", "2026-01-31"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with facts of January."""
    root = tmp_path_factory.mktemp("baselines")
    house = House(root)
    ended = {"ended": datetime(2026, 1, 10, 12, tzinfo=UTC), "status": "done", "std_cost": Decimal(5)}
    made = {"key": "1", "order": "1", "site": "A", "product": "p", "good": 200.0, "scrap": 50.0}
    house.load([made | ended], "work_order")
    spent = {"key": "1", "site": "A", "product": "p", "type": "material", "amount": Decimal(900), "currency": "EUR"}
    house.load([spent | {"day": date(2026, 1, 31)}], "cost")
    worked = {"key": "1", "site": "B", "paid_hours": 10.0, "earned_hours": 8.0}
    house.load([worked | {"started": datetime(2026, 1, 12, 8, tzinfo=UTC)}], "labour")
    house.close()
    return root


@pytest.fixture
def engine(root: Path, quick_hashing: None) -> Iterator[Engine]:
    engine = open_database(root)
    if not users.listing(engine):
        users.add(engine, ANN, "a quiet harbour", [], admin=True)
        users.add(engine, BEN, "a quiet harbour", ["executive"], admin=True)
        users.add(engine, READER, "a quiet harbour", ["executive"])
    yield engine
    engine.dispose()


def say(root: Path, *words: str) -> int:
    return main(["baselines", words[0], "--data", str(root), *words[1:]])


def test_one_freezes_and_another_approves(root: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(root, "freeze", *WINDOW, "--note", "January", "--by", ANN) == 0
    version = baselines.listing(engine)[0].version
    said = capsys.readouterr().out
    assert f"version {version} holds 2026-01-01 to 2026-01-31, 31 days" in said
    assert f"lopan baselines approve {version} --by EMAIL" in said
    table = [line.split() for line in said.splitlines() if line.startswith(("all", "A ", "B "))]
    assert table == [
        ["all", "200", "20.00", "4.50", "0.800", "-"],
        ["A", "200", "20.00", "4.50", "-", "-"],
        ["B", "-", "-", "-", "0.800", "-"],
    ]
    assert "Nothing is known of these days about: stock." in said
    assert say(root, "approve", str(version), "--by", ANN.upper()) == 2
    assert "somebody else has to approve it" in capsys.readouterr().err
    assert baselines.current(engine) is None
    assert say(root, "approve", str(version), "--by", BEN) == 0
    current = baselines.current(engine)
    assert current is not None
    assert (current.version, current.frozen_by, current.decided_by, current.note) == (version, ANN, BEN, "January")
    entry = audit.entries(engine)[0]
    assert (entry.actor, entry.action) == (f"command line: {getpass.getuser()}", "baseline.approve")
    assert entry.detail.endswith(f"by {BEN}")
    capsys.readouterr()
    assert say(root, "list") == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith(f"{version}        approved  2026-01-01  2026-01-31  31    200         20.00    4.50")
    assert line.endswith("January")


def test_one_that_waits_is_rejected_for_good(root: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(root, "freeze", *WINDOW, "--by", ANN) == 0
    version = str(baselines.listing(engine)[0].version)
    assert say(root, "reject", version, "--by", ANN) == 0
    assert f"version {version} is rejected" in capsys.readouterr().out
    assert say(root, "approve", version, "--by", BEN) == 2
    assert "is rejected; only one that waits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["freeze", *WINDOW, "--by", READER], 2, f"lopan users change {READER} --admin"),
        (["freeze", *WINDOW, "--by", "nobody@example.org"], 2, "there is no user nobody@example.org"),
        (["freeze", "--from", "2026-01-31", "--to", "2026-01-01", "--by", ANN], 2, "must not lie before the first"),
        (["freeze", "--from", "2026-01-31", "--to", "2999-01-01", "--by", ANN], 2, "only days that are over"),
        (["freeze", "--from", "2025-01-01", "--to", "2025-01-31", "--by", ANN], 2, "import facts of these days first"),
        (["approve", "999", "--by", BEN], 2, "no baseline of version 999"),
        (["approve", "1", "--by", READER], 2, "is no administrator"),
        (["reject", "1", "--by", READER], 2, "is no administrator"),
    ],
    ids=["no right", "unknown", "turned round", "not over", "nothing known", "no version", "approve", "reject"],
)  # fmt: skip
def test_what_is_asked_wrongly(
    root: Path, engine: Engine, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    before = baselines.listing(engine)
    assert say(root, *words) == code
    assert says in capsys.readouterr().err
    assert baselines.listing(engine) == before


def test_a_day_that_is_none_is_refused_with_an_example(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        say(root, "freeze", "--from", "soon", "--to", "2026-01-31", "--by", ANN)
    assert "expected a day like 2026-01-31; got 'soon'" in capsys.readouterr().err


def test_beside_a_server_the_page_is_named(root: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(root):
        assert say(root, "freeze", *WINDOW, "--by", ANN) == 1
        assert "/business/baselines" in capsys.readouterr().err
        assert say(root, "list") == 0
