from __future__ import annotations

import pytest
from sqlalchemy import Engine
from tests.conftest import ManualClock

from lopan.control import audit, views
from lopan.errors import Rejected

ANN, BEN = "ann@example.org", "ben@example.org"


def save(engine: Engine, name: str = "Launches", owner: str = ANN, **changes: object) -> views.View:
    values = {"page": "/performance", "query": "from=-7d&release=2.1.0", "shared": False} | changes
    return views.save(engine, owner, name=name, **values)  # type: ignore[arg-type]


def test_view_keeps_what_it_was_given(engine: Engine, clock: ManualClock) -> None:
    saved = views.save(engine, ANN, "/performance", "  Launches ", "from=-7d", clock=clock)

    assert views.find(engine, saved.id, ANN) == saved
    assert (saved.name, saved.address, saved.created_at) == ("Launches", "/performance?from=-7d", clock.now())
    assert save(engine, "bare", query="").address == "/performance"


def test_others_see_shared_views_only(engine: Engine) -> None:
    own, shared = save(engine), save(engine, "Ours", shared=True)

    assert [view.id for view in views.listing(engine, ANN)] == [own.id, shared.id]
    assert [view.id for view in views.listing(engine, BEN)] == [shared.id]
    assert views.find(engine, own.id, BEN) is None
    assert views.find(engine, shared.id, BEN) == shared
    assert views.listing(engine, ANN, "/elsewhere") == []


def test_rename_share_and_delete_are_audited(engine: Engine) -> None:
    view = save(engine)
    changed = views.change(engine, view.id, "Starts", True, ANN)
    views.remove(engine, view.id, BEN)

    assert (changed.name, changed.shared, changed.query) == ("Starts", True, view.query)
    assert views.listing(engine, ANN) == []
    assert [(entry.actor, entry.action) for entry in audit.entries(engine)] == [
        (BEN, "view.delete"),
        (ANN, "view.change"),
        (ANN, "view.save"),
    ]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "two\nlines", "a\x00"])
def test_odd_name_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(Rejected) as caught:
        save(engine, name)
    assert caught.value.place == "name"


def test_name_is_taken_once_for_a_page_and_an_owner(engine: Engine) -> None:
    first, other = save(engine), save(engine, "Other")
    save(engine, owner=BEN)
    save(engine, page="/engagement")
    with pytest.raises(Rejected, match="called 'Launches' already"):
        save(engine)
    with pytest.raises(Rejected, match="called 'Launches' already"):
        views.change(engine, other.id, first.name, False, ANN)
    assert views.find(engine, other.id, ANN) == other


def test_limits(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Rejected) as caught:
        save(engine, query="x" * 2_001)
    assert caught.value.place == "query"
    monkeypatch.setattr(views, "MOST", 1)
    save(engine)
    with pytest.raises(Rejected, match="delete one first"):
        save(engine, "one too many")


def test_what_is_gone_can_not_be_changed(engine: Engine) -> None:
    view = save(engine)
    views.remove(engine, view.id, ANN)
    with pytest.raises(Rejected, match="has been deleted"):
        views.change(engine, view.id, "x", False, ANN)
    with pytest.raises(Rejected, match="has been deleted"):
        views.remove(engine, view.id, ANN)
