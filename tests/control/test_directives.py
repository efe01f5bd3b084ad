from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from sqlalchemy import Engine

from lopan.control import audit, directives, keys
from lopan.control.directive import KINDS, Draft, KillSwitch, Kind, Survey, read
from lopan.errors import Rejected

if TYPE_CHECKING:
    from tests.conftest import ManualClock

CONTENTS: dict[str, dict[str, Any]] = {
    "message": {"title": "Update", "text": "2.3 is out", "button": "Store", "url": "https://example.org/app"},
    "survey": {"survey": "checkout", "question": "How was it?", "scale": "csat"},
    "kill_switch": {"feature": "export", "message": "Back soon"},
    "memory_cleanup": {"level": "moderate"},
    "sampling": {"event": "network", "rate": 0.25},
}


def body(kind: str = "kill_switch", **more: Any) -> dict[str, Any]:
    return {"project": 1, "content": {"kind": kind, **CONTENTS[kind]}, **more}


def draft(kind: str = "kill_switch", **more: Any) -> Draft:
    return read(json.dumps(body(kind, **more)).encode())


@pytest.fixture(autouse=True)
def project(engine: Engine) -> None:
    keys.create(engine, "app")


def test_every_kind_has_its_name() -> None:
    assert set(KINDS) == set(get_args(Kind)) == set(CONTENTS)


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_was_made_is_what_is_kept(engine: Engine, clock: ManualClock, kind: str) -> None:
    targets = {"releases": ["<2.2.1"], "roles": ["cook"], "share": 12.5}
    wanted = draft(kind, targets=targets, ends="2026-11-23T10:00:00+01:00", priority=70, playbook="crash-rate")
    made = directives.create(engine, wanted, "ann", clock)

    assert directives.one(engine, made.id) == made
    assert (made.content, made.targets, made.priority, made.made_by) == (wanted.content, wanted.targets, 70, "ann")
    assert made.starts == clock.now()
    assert made.ends == clock.now() + timedelta(hours=21)
    assert (
        msgspec.to_builtins(made.content) == {"kind": kind, "enabled": False} | CONTENTS[kind] or kind != "kill_switch"
    )
    entry = audit.entries(engine)[0]
    assert (entry.actor, entry.action, entry.subject) == ("ann", "directive.create", str(made.id))
    assert entry.detail == f"{kind}: {made.content.summary}"


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        pytest.param({"content": {"kind": "shout"}}, "content.kind", "known kinds: message, survey", id="kind"),
        pytest.param({"content": {"feature": "x"}}, "content.kind", "known kinds", id="no kind"),
        pytest.param({"content": {"kind": "survey", "survey": "x"}}, "content.question", "missing", id="missing"),
        pytest.param({"content": {"kind": "kill_switch", "feature": ""}}, "content.feature", "length >= 1", id="empty"),
        pytest.param(
            {"content": {"kind": "sampling", "event": "hang", "rate": 2}}, "content.rate", "<= 1", id="rate above 1"
        ),
        pytest.param(
            {"content": {"kind": "sampling", "event": "nap", "rate": 1}}, "content.event", "no event type", id="type"
        ),
        pytest.param(
            {"content": {"kind": "message", "title": "x", "button": "Go"}}, "content.url", "together", id="no url"
        ),
        pytest.param(
            {"content": {"kind": "message", "title": "x", "button": "Go", "url": "javascript:alert(1)"}},
            "content.url",
            "web address",
            id="script",
        ),
        pytest.param({"targets": {"releases": ["<two"]}}, "targets.releases", "not made of numbers", id="range"),
        pytest.param({"targets": {"share": 0}}, "targets.share", "> 0", id="share of nobody"),
        pytest.param({"targets": {"planets": []}}, "targets.planets", "unknown field", id="unknown target"),
        pytest.param({"priority": 101}, "priority", "<= 100", id="priority"),
        pytest.param({"ends": "2026-11-23T10:00:00"}, "ends", "timezone", id="no zone"),
        pytest.param({"ends": "2026-11-22T12:00:00Z"}, "ends", "future", id="has ended"),
        pytest.param(
            {"starts": "2026-11-25T00:00:00Z", "ends": "2026-11-24T00:00:00Z"}, "ends", "after the start", id="order"
        ),
        pytest.param({"project": 2}, "project", "no project 2", id="project"),
        pytest.param({"alert": 9}, "alert", "no alert 9", id="alert"),
        pytest.param({"shout": True}, "shout", "unknown field", id="unknown field"),
    ],
)
def test_refusals_name_the_field_and_what_it_should_be(
    engine: Engine, clock: ManualClock, change: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(Rejected) as refused:
        directives.create(engine, read(json.dumps(body() | change).encode()), "ann", clock)

    assert refused.value.place == place
    assert reason in refused.value.reason
    assert directives.listing(engine) == []


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff", b"[" * 10_000])
def test_what_is_no_directive_is_refused(broken: bytes) -> None:
    with pytest.raises(Rejected):
        read(broken)


def test_states_follow_the_clock(engine: Engine, clock: ManualClock) -> None:
    times = {"starts": "2026-11-22T13:00:00Z", "ends": "2026-11-22T14:00:00Z"}
    made = directives.create(engine, draft(**times), "ann", clock)

    seen = []
    for _ in range(4):
        seen.append((made.state(clock.now()), bool(directives.live(engine, clock.now()))))
        clock.move(3_600)
    assert seen == [("scheduled", True), ("active", True), ("ended", False), ("ended", False)]


def test_the_first_in_order_is_the_one_of_highest_priority_then_the_newest(engine: Engine, clock: ManualClock) -> None:
    made = [directives.create(engine, draft(priority=priority), "ann", clock).id for priority in (50, 90, 50)]

    assert [one.id for one in directives.live(engine, clock.now())] == [made[1], made[2], made[0]]
    assert [one.id for one in directives.listing(engine, 2)] == [made[2], made[1]]
    assert [one.id for one in directives.listing(engine, before=made[1])] == [made[0]]


def test_a_change_keeps_id_start_and_maker(engine: Engine, clock: ManualClock) -> None:
    made = directives.create(engine, draft(), "ann", clock)
    clock.move(60)
    changed = directives.change(engine, made.id, 1, draft(targets={"share": 50}, priority=99), "bob", clock)

    assert (changed.id, changed.starts, changed.made_by, changed.made_at) == (made.id, made.starts, "ann", made.made_at)
    assert (changed.targets.share, changed.priority, changed.revision) == (50, 99, 2)
    assert (changed.changed_by, changed.changed_at) == ("bob", clock.now())
    with pytest.raises(Rejected, match="bob changed it in the meantime"):
        directives.change(engine, made.id, 1, draft(), "ann", clock)
    with pytest.raises(Rejected, match="the kind and the project stay"):
        directives.change(engine, made.id, 2, draft("message"), "ann", clock)
    assert [entry.action for entry in audit.entries(engine)][:2] == ["directive.change", "directive.create"]


@pytest.mark.parametrize("starts", [None, "2026-11-23T00:00:00Z"], ids=["active", "scheduled"])
def test_what_was_ended_stays_as_it_was(engine: Engine, clock: ManualClock, starts: str | None) -> None:
    made = directives.create(engine, draft(starts=starts), "ann", clock)
    ended = directives.end(engine, made.id, "bob", clock)

    assert ended.state(clock.now()) == "ended"
    assert directives.live(engine, clock.now()) == []
    with pytest.raises(Rejected, match="has ended and stays as it was"):
        directives.end(engine, made.id, "bob", clock)
    with pytest.raises(Rejected, match="has ended and stays as it was"):
        directives.change(engine, made.id, 2, draft(), "bob", clock)
    assert [entry.action for entry in audit.entries(engine)][:2] == ["directive.end", "directive.create"]


def test_a_client_can_be_told_only_so_much(engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directives, "MOST_LIVE", 2)
    first, _ = (directives.create(engine, draft(), "ann", clock) for _ in range(2))
    with pytest.raises(Rejected, match="end one first"):
        directives.create(engine, draft(), "ann", clock)
    directives.end(engine, first.id, "ann", clock)
    directives.create(engine, draft(), "ann", clock)


def test_prompts_of_a_survey(engine: Engine, clock: ManualClock) -> None:
    asked = [directives.create(engine, draft(kind), "ann", clock).id for kind in ("survey", "kill_switch", "survey")]

    assert directives.of_survey(engine, "checkout") == [asked[0], asked[2]]
    assert directives.of_survey(engine, "checkout", 1) == [asked[0], asked[2]]
    assert directives.of_survey(engine, "checkout", 2) == directives.of_survey(engine, "other") == []


def test_nothing_is_said_twice() -> None:
    assert KillSwitch("export").about == KillSwitch("export", enabled=True).about
    assert Survey("a", "Why?").about != Survey("b", "Why?").about
