from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete

from lopan.control import projects
from lopan.control.projects import ProjectRef
from lopan.control.tables import projects as table
from lopan.errors import Rejected


def test_numbers_count_from_one_and_names_are_found_again(engine: Engine) -> None:
    with engine.begin() as connection:
        made = [projects.ensure(connection, name) for name in ("app", "backend", "app")]
    assert made == [ProjectRef(1, "app"), ProjectRef(2, "backend"), ProjectRef(1, "app")]
    assert projects.listing(engine) == made[:2]


def test_a_number_never_comes_back(engine: Engine) -> None:
    with engine.begin() as connection:
        projects.ensure(connection, "app")
        connection.execute(delete(table))
        assert projects.ensure(connection, "app").id == 2


@pytest.mark.parametrize("name", ["", " app", "app ", "a" * 65, "a\nb", "a\x00b"], ids=repr)
def test_names_that_cannot_be_shown_are_refused(engine: Engine, name: str) -> None:
    with pytest.raises(Rejected, match="project"), engine.begin() as connection:
        projects.ensure(connection, name)
    assert projects.listing(engine) == []
