from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from tests.conftest import ManualClock
from tests.web.silent import silent_app

from lopan.analytics.metric import Against, Filters, Span
from lopan.analytics.releases import Release
from lopan.control import annotation, projects
from lopan.control.principal import Principal
from lopan.web import marks
from lopan.web.parts import Parts

ANN = Principal("ann@example.org", frozenset({"technical"}))
NOW = ManualClock().now()
HOUR = timedelta(hours=1)
DAY = Span(NOW - 24 * HOUR, NOW)


class Known:
    """Releases as the store would have them."""

    async def known(self) -> list[Release]:
        return [
            Release(1, "1.0", NOW - 48 * HOUR, 1.0),
            Release(1, "2.0", NOW - 20 * HOUR, 0.5),
            Release(2, "2.1", NOW - 10 * HOUR, 0.5),
            Release(1, "3.0", NOW, 0.5),
        ]


@pytest.fixture
def parts(engine: Engine, clock: ManualClock) -> Parts:
    """Parts with three annotations in the range and one before it."""
    with engine.begin() as connection:
        for name in ("one", "two"):
            projects.ensure(connection, name)
    for text, hours, project, release in (
        ("old", 30, None, ""),
        ("all", 15, None, ""),
        ("two", 5, 2, ""),
        ("r", 1, None, "2.0"),
    ):
        annotation.add(engine, NOW - hours * HOUR, text, ANN.name, project, release)
    held: Parts = silent_app(engine, clock).state.parts
    return replace(held, releases=Known())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("filters", "against", "shown"),
    [
        pytest.param(Filters(), None, ["Release 2.0", "all", "Release 2.1", "two", "r"], id="everything"),
        pytest.param(Filters(project="1"), None, ["Release 2.0", "all", "r"], id="a project"),
        pytest.param(Filters(release="2.1"), None, ["all", "Release 2.1", "two"], id="a release"),
        pytest.param(
            Filters(release="2.1"),
            Against("release 2.0", Filters(release="2.0"), DAY),
            ["Release 2.0", "all", "Release 2.1", "two", "r"],
            id="two releases",
        ),
        pytest.param(
            Filters(),
            Against("release 2.1", Filters(release="2.1"), DAY),
            ["Release 2.0", "all", "Release 2.1", "two", "r"],
            id="all releases and one of them",
        ),
        pytest.param(Filters(project="x"), None, ["Release 2.0", "all", "Release 2.1", "two", "r"], id="no project"),
    ],
)
async def test_marks_are_those_of_what_is_looked_at(
    parts: Parts, filters: Filters, against: Against | None, shown: list[str]
) -> None:
    found = await marks.of(parts, ANN, DAY, filters, against)

    assert [mark.text for mark in found] == shown
    assert [mark.number for mark in found] == list(range(1, len(shown) + 1))


@pytest.mark.anyio
async def test_only_what_the_reader_wrote_can_be_removed(parts: Parts) -> None:
    for reader, removable in ((ANN, True), (Principal("ben", ANN.levels), False), (Principal("token x"), False)):
        found = await marks.of(parts, reader, DAY, Filters())
        assert [mark.removable for mark in found] == [bool(mark.id) and removable for mark in found]


@pytest.mark.anyio
async def test_newest_marks_are_kept_when_there_are_too_many(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST", 2)
    found = await marks.of(parts, ANN, DAY, Filters())

    assert [(mark.number, mark.text) for mark in found] == [(1, "two"), (2, "r")]


@pytest.mark.anyio
async def test_scope_and_author_are_said(parts: Parts) -> None:
    found = {mark.text: (mark.scope, mark.author) for mark in await marks.of(parts, ANN, DAY, Filters())}

    assert found == {
        "Release 2.0": ("", ""),
        "Release 2.1": ("", ""),
        "all": ("", ANN.name),
        "two": ("project 2", ANN.name),
        "r": ("release 2.0", ANN.name),
    }
