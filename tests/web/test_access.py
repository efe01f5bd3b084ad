from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.control.principal import LEVELS, Principal
from lopan.web import access
from lopan.web.access import ADMINISTRATION, GROUPS, Forbidden, SignedOut

# METRICS.md, "Access", written out a second time: who may see a group. Nobody else may.
SEEN_BY: dict[str, set[str]] = {
    "performance": {"technical"},
    "crashes": {"technical"},
    "memory": {"technical"},
    "networkLatency": {"technical"},
    "systemHealth": {"technical"},
    "userEngagement": {"operational"},
    "featureAdoption": {"operational", "customerSuccess"},
    "workflowCompletion": {"operational"},
    "supportTickets": {"operational"},
    "manufacturing": {"operational"},
    "manufacturingRollups": {"executive", "operational"},
    "businessROI": {"executive"},
    "customerSatisfaction": {"executive"},
    "userGrowth": {"executive"},
    "revenue": {"executive"},
    "userSatisfaction": {"customerSuccess"},
    "retentionRates": {"customerSuccess"},
    "supportResolution": {"customerSuccess"},
    "customerHealth": {"customerSuccess"},
    "people": {"customerSuccess"},
    ADMINISTRATION: set(),
    "": set(),
    "Performance": set(),
    "technical": set(),
    "nothingKnown": set(),
}


@pytest.mark.parametrize("level", [*LEVELS, "admin", "root", ""])
@pytest.mark.parametrize("group", SEEN_BY)
@pytest.mark.parametrize("admin", [False, True], ids=["user", "admin"])
def test_a_level_sees_its_groups_and_no_other(level: str, group: str, admin: bool) -> None:
    principal = Principal("ann@example.org", frozenset({level}), admin)
    allowed = level in SEEN_BY[group] or (admin and group == ADMINISTRATION)
    assert access.may(principal, group) is allowed
    assert (group in access.groups_of(principal)) is allowed
    if allowed:
        assert access.require(principal, group) is principal
    else:
        with pytest.raises(Forbidden, match="does not include"):
            access.require(principal, group)


def test_the_table_has_no_group_besides() -> None:
    assert {group for groups in GROUPS.values() for group in groups} == {g for g, seen in SEEN_BY.items() if seen}
    assert set(GROUPS) == set(LEVELS)


@pytest.mark.parametrize("group", SEEN_BY)
def test_nobody_sees_nothing(group: str) -> None:
    assert not access.may(None, group)
    with pytest.raises(SignedOut):
        access.require(None, group)
    assert access.groups_of(None) == frozenset()


@given(st.frozensets(st.sampled_from(LEVELS)), st.frozensets(st.sampled_from(LEVELS)), st.booleans())
def test_several_levels_see_what_each_sees(one: frozenset[str], two: frozenset[str], admin: bool) -> None:
    both = access.groups_of(Principal("ann", one | two, admin))
    assert both == access.groups_of(Principal("ann", one, admin)) | access.groups_of(Principal("ann", two, admin))


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        GROUPS["executive"] = frozenset({"performance"})  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "level", "reason"),
    [
        pytest.param("ann@example.org", "customerSuccess", "", id="who calls people sees who they are"),
        pytest.param("token crm", "customerSuccess", "not for API tokens", id="a token is no person"),
        pytest.param("ann@example.org", "operational", "does not include people", id="another level"),
    ],
)
def test_names_are_for_people_of_customer_success(name: str, level: str, reason: str) -> None:
    said = access.why_no_names(Principal(name, frozenset({level})))
    assert reason in said
    assert bool(said) is bool(reason)


@pytest.mark.parametrize(
    ("principal", "feeds"),
    [
        pytest.param(None, False, id="nobody"),
        pytest.param(Principal("ann@example.com", frozenset(LEVELS)), False, id="a person of every level"),
        pytest.param(Principal("root@example.com", admin=True), True, id="an administrator"),
        pytest.param(Principal("token api", frozenset(LEVELS)), False, id="a token that reads"),
        pytest.param(Principal("token erp", feeds=True), True, id="a token made for it"),
    ],
)
def test_who_may_write_facts(principal: Principal | None, feeds: bool) -> None:
    assert access.may_feed(principal) == feeds
    if principal is not None and not feeds:
        with pytest.raises(access.ReadOnly):
            access.require_feed(principal)


@pytest.mark.parametrize(
    ("principal", "annotates", "saves"),
    [
        pytest.param(None, False, False, id="nobody"),
        pytest.param(Principal("ann@example.org", frozenset({"executive"})), True, True, id="a person with a level"),
        pytest.param(Principal("ann@example.org", admin=True), False, True, id="a person without one"),
        pytest.param(Principal("token ci", frozenset(LEVELS)), False, False, id="a token that reads"),
        pytest.param(Principal("token ci", frozenset(LEVELS), annotates=True), True, False, id="a token made for it"),
    ],
)
def test_who_may_annotate_and_save(principal: Principal | None, annotates: bool, saves: bool) -> None:
    assert (access.may_annotate(principal), access.may_save(principal)) == (annotates, saves)
    if principal is None:
        return
    for allowed, require in ((annotates, access.require_annotate), (saves, access.require_save)):
        if allowed:
            assert require(principal) is principal
        else:
            with pytest.raises(access.ReadOnly):
                require(principal)


@pytest.mark.parametrize(
    ("name", "admin", "owns"), [("ann", False, True), ("ben", False, False), ("ben", True, True)], ids=str
)
def test_owners_and_administrators_change_what_was_made(name: str, admin: bool, owns: bool) -> None:
    principal = Principal(name, frozenset(LEVELS), admin)
    assert access.owns(principal, "ann") is owns
    assert not access.owns(None, "ann")
    if owns:
        assert access.require_owner(principal, "ann") is principal
    else:
        with pytest.raises(access.ReadOnly, match="belongs to ann"):
            access.require_owner(principal, "ann")
