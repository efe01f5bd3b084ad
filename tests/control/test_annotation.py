from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from lopan.control import annotation, audit, projects
from lopan.control.annotation import Annotation
from lopan.errors import Rejected

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
END = AT + timedelta(hours=1)


def add(engine: Engine, text: str = "Deployed", at: datetime = AT, **scope: object) -> Annotation:
    return annotation.add(engine, at, text, "ann@example.org", **scope)  # type: ignore[arg-type]


def texts(engine: Engine, **scope: object) -> list[str]:
    found = annotation.within(engine, AT, END, **scope)  # type: ignore[arg-type]
    return [one.text for one in found]


@pytest.fixture
def project(engine: Engine) -> int:
    with engine.begin() as connection:
        return projects.ensure(connection, "app").id


def test_range_is_half_open_and_in_order(engine: Engine) -> None:
    for text, at in (("end", END), ("late", END - timedelta(seconds=1)), ("start", AT), ("before", AT - timedelta(1))):
        add(engine, text, at)

    assert texts(engine) == ["start", "late"]


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        pytest.param({}, ["all", "project", "release"], id="everything"),
        pytest.param({"project": 1}, ["all", "project", "release"], id="a project and what is about all"),
        pytest.param({"project": 2}, ["all", "release"], id="another project"),
        pytest.param({"releases": ("2.1.0",)}, ["all", "project", "release"], id="its release"),
        pytest.param({"releases": ("2.0.0", "1.0")}, ["all", "project"], id="other releases"),
    ],
)
def test_scope(engine: Engine, project: int, scope: dict[str, object], shown: list[str]) -> None:
    add(engine, "all")
    add(engine, "project", project=project)
    add(engine, "release", release="2.1.0")

    assert texts(engine, **scope) == shown


def test_text_is_one_line(engine: Engine) -> None:
    assert add(engine, "  two\n lines\t").text == "two lines"


@pytest.mark.parametrize(
    ("place", "change"),
    [
        pytest.param("text", {"text": " \n "}, id="nothing said"),
        pytest.param("text", {"text": "x" * 201}, id="too much said"),
        pytest.param("text", {"text": "a\x00b"}, id="not printable"),
        pytest.param("release", {"release": "x" * 201}, id="release too long"),
        pytest.param("at", {"at": AT.replace(tzinfo=None)}, id="no zone"),
        pytest.param("at", {"at": AT.replace(year=2999)}, id="out of reach"),
        pytest.param("project", {"project": 7}, id="no such project"),
    ],
)
def test_what_is_wrong_is_named(engine: Engine, place: str, change: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        add(engine, **change)  # type: ignore[arg-type]
    assert caught.value.place == place
    assert texts(engine) == []


def test_only_so_many_are_read_and_the_newest_of_them(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotation, "MOST", 2)
    for minute in range(3):
        add(engine, str(minute), AT + timedelta(minutes=minute))
    assert texts(engine) == ["1", "2"]


def test_removal_is_audited_and_happens_once(engine: Engine) -> None:
    added = add(engine)
    assert annotation.find(engine, added.id) == added
    annotation.remove(engine, added.id, "ben@example.org")

    assert annotation.find(engine, added.id) is None
    assert next((entry.actor, entry.action) for entry in audit.entries(engine)) == (
        "ben@example.org",
        "annotation.delete",
    )
    with pytest.raises(Rejected, match="no annotation"):
        annotation.remove(engine, added.id, "ben@example.org")
