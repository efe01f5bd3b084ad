from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.control.directive import KINDS, Content, KillSwitch, MemoryCleanup, Message, Sampling, Survey
from lopan.control.directives import Directive
from lopan.control.targets import Targets
from lopan.web.directive_form import TITLES, audience, blank, drafted, label, written

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]).map(ZoneInfo)

lines = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
names = st.lists(lines, max_size=4)
contents: st.SearchStrategy[Content] = st.one_of(
    st.builds(Message, lines, lines, st.just("Go"), st.just("https://example.org/x")),
    st.builds(Survey, lines, lines, st.sampled_from(["csat", "nps", "rating"])),
    st.builds(KillSwitch, lines, st.booleans(), st.just("") | lines),
    st.builds(MemoryCleanup, st.sampled_from(["moderate", "aggressive"])),
    st.builds(Sampling, st.just("hang"), st.floats(0, 1)),
)
targets = st.builds(
    Targets,
    st.lists(st.sampled_from(["2.2.0", "<2.2.1", ">=2.1,<2.3", "nightly"]), max_size=3),
    names,
    names,
    names,
    st.floats(0, 100, exclude_min=True),
)
moments = st.integers(0, 10**10).map(lambda ms: NOON + timedelta(milliseconds=ms))


def test_every_kind_has_a_title() -> None:
    assert set(TITLES) == set(KINDS)


@given(contents, targets, moments, st.none() | moments, st.integers(0, 100), st.none() | st.integers(1, 9), ZONES)
def test_a_form_that_comes_back_untouched_changes_nothing(
    content: Content,
    targets: Targets,
    starts: datetime,
    ends: datetime | None,
    priority: int,
    alert: int | None,
    zone: ZoneInfo,
) -> None:
    was = Directive(
        id=1,
        project=7,
        content=content,
        targets=targets,
        starts=starts,
        ends=ends,
        priority=priority,
        alert=alert,
        playbook="crash-rate",
        revision=1,
        made_by="ann",
        made_at=NOON,
        changed_by="ann",
        changed_at=NOON,
    )
    draft = drafted(written(was, zone), zone, was)

    assert (draft.content, draft.targets, draft.starts, draft.ends) == (content, targets, starts, ends)
    assert (draft.project, draft.priority, draft.alert, draft.playbook) == (7, priority, alert, "crash-rate")


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_form_has_every_field_and_takes_no_other(kind: str) -> None:
    values = blank(kind, {"releases": "2.1.0", "csrf": "x", "revision": "9", "kind": "shout"})

    assert {*KINDS[kind].__struct_fields__, "kind", "project", "share", "starts", "ends"} <= set(values)
    assert (values["kind"], values["releases"]) == (kind, "2.1.0")
    assert not {"csrf", "revision"} & set(values)


def test_a_time_of_the_form_is_the_sites() -> None:
    values = blank("memory_cleanup", {"project": "1", "ends": "2026-12-01T10:00"})

    assert drafted(values, ZoneInfo("Europe/Berlin")).ends == datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (Targets(), "everybody"),
        (Targets(["<2.2.1"], ["cook", "chef"], share=12.5), "release <2.2.1, role cook or chef, 12.5 % of users"),
        (Targets(customers=list("abcd"), share=10), "4 customers, 10 % of users"),
    ],
    ids=str,
)
def test_an_audience_in_words(targets: Targets, said: str) -> None:
    assert audience(targets) == said


@pytest.mark.parametrize(
    ("place", "said"), [("content.rate", "Rate"), ("targets.roles[...]", "Roles"), ("ends", "Ends"), ("", "")]
)
def test_a_place_as_the_label_of_its_field(place: str, said: str) -> None:
    assert label(place) == said
