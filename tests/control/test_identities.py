from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from lopan.control.database import open_database
from lopan.control.identities import Identities, numbers
from lopan.errors import TryAgain

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORKER = """
import json, pathlib, sys
from lopan.control.database import open_database
from lopan.control.identities import numbers
engine = open_database(pathlib.Path(sys.argv[1]))
sys.stdin.readline()
given = {}
for start in range(0, 300, 7):
    given |= numbers(engine, "user", [f"u{n}" for n in range(start, start + 30)])
print(json.dumps(given))
"""


@pytest.fixture(params=["database", "cache"])
def number(request: pytest.FixtureRequest, engine: Engine) -> Callable[[str, list[str]], dict[str, int]]:
    if request.param == "cache":
        return Identities(engine, limit=10).numbers
    return lambda kind, names: numbers(engine, kind, names)


def test_numbers_follow_the_order_of_first_sight(number: Callable[[str, list[str]], dict[str, int]]) -> None:
    assert number("user", ["carl", "ann", "carl"]) == {"carl": 1, "ann": 2}
    assert number("user", ["bob", "ann"]) == {"ann": 2, "bob": 3}
    assert number("user", []) == {}


def test_kinds_count_apart(number: Callable[[str, list[str]], dict[str, int]]) -> None:
    number("user", ["ann", "bob"])
    assert number("customer", ["bob"]) == {"bob": 1}


def test_more_names_than_one_statement_takes(number: Callable[[str, list[str]], dict[str, int]]) -> None:
    names = [f"u{n}" for n in range(2_500)]
    assert number("user", names) == {name: n for n, name in enumerate(names, 1)}
    assert number("user", names[::-1]) == {name: n for n, name in enumerate(names, 1)}


def test_names_stay_apart_that_look_alike(number: Callable[[str, list[str]], dict[str, int]]) -> None:
    names = ["ann", "Ann", "ann ", "ann\x00", "ánn", "a\u0301nn", "", "1", "01"]
    assert sorted(number("user", names).values()) == list(range(1, len(names) + 1))


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.lists(NAMES, max_size=12), max_size=8), limit=st.integers(1, 8))
def test_dense_and_the_same_for_ever(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]], limit: int
) -> None:
    engine = open_database(tmp_path_factory.mktemp("identities"))
    cached, seen = Identities(engine, limit), dict[str, int]()
    for names in batches:
        given_now = cached.numbers("user", names)
        assert set(given_now) == set(names)
        assert all(seen.setdefault(name, number) == number for name, number in given_now.items())
        assert len(cached) <= max(2, limit)
    assert sorted(seen.values()) == list(range(1, len(seen) + 1))
    assert numbers(engine, "user", seen) == seen
    engine.dispose()


def test_threads_and_a_second_process_agree(engine: Engine, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    cached, ready = Identities(engine, limit=100), threading.Barrier(5)

    def work(seed: int) -> dict[str, int]:
        ready.wait()
        given_now: dict[str, int] = {}
        for start in range(0, 300, 5 + seed):
            names = [f"u{n}" for n in range(start, start + 30)]
            given_now |= cached.numbers("user", names) if seed % 2 else numbers(engine, "user", names)
        return given_now

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(work, seed) for seed in range(4)]
        ready.wait()
        answers = [json.loads(process.communicate("\n")[0]), *(future.result() for future in running)]
    everything = numbers(engine, "user", {name for answer in answers for name in answer})
    assert process.returncode == 0
    assert sorted(everything.values()) == list(range(1, len(everything) + 1))
    assert all(answer.items() <= everything.items() for answer in answers)


def test_what_is_remembered_asks_nothing_of_the_database(engine: Engine) -> None:
    cached, asked = Identities(engine), list[str]()
    cached.numbers("user", ["ann", "bob"])
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert cached.numbers("user", ["bob", "ann"]) == {"ann": 1, "bob": 2}
    assert asked == []


def test_what_is_used_again_is_kept(engine: Engine) -> None:
    cached, asked = Identities(engine, limit=8), list[str]()
    for n in range(50):
        cached.numbers("user", ["ann", f"u{n}"])
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert cached.numbers("user", ["ann"]) == {"ann": 1}
    assert asked == []


@pytest.mark.parametrize(("clashes", "error"), [(9, None), (10, TryAgain)], ids=["gives way", "gives up"])
def test_numbers_taken_by_others_are_not_given_twice(
    engine: Engine, clashes: int, error: type[Exception] | None
) -> None:
    """What PostgreSQL does when another process takes the same number first; SQLite never lets it come to that."""
    left = [IntegrityError("INSERT", {}, Exception("taken"))] * clashes

    def clash(*args: object) -> None:
        if str(args[2]).startswith("INSERT") and left:
            raise left.pop()

    event.listen(engine, "before_cursor_execute", clash)
    if error is None:
        assert numbers(engine, "user", ["ann"]) == {"ann": 1}
    else:
        with pytest.raises(error, match="at once"):
            numbers(engine, "user", ["ann"])


def test_a_full_disk_is_no_loss(engine: Engine) -> None:
    cached = Identities(engine)
    cached.numbers("user", ["ann"])
    with engine.begin() as connection:
        pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    event.listen(engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count = {pages}").close())
    many = [f"u{n}" * 20 for n in range(5_000)]
    with pytest.raises(TryAgain, match="full"):
        cached.numbers("user", many)
    event.listen(engine, "checkout", lambda raw, *_: raw.execute("PRAGMA max_page_count = 100000").close())
    assert cached.numbers("user", ["ann", "bob"]) == {"ann": 1, "bob": 2}
