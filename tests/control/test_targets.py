"""Who is meant, as laws: releases have one order, ranges cut it in two, and a share is stable and of its size."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.control.targets import Client, Targets, draw, matcher, release_test, version
from lopan.errors import Rejected

IN_ORDER = (
    "0.9", "1", "1.0.1", "2.1.9", "2.2.0-alpha", "2.2.0-alpha.1", "2.2.0-alpha.beta", "2.2.0-beta.2",
    "2.2.0-beta.11", "2.2.0-rc.1", "2.2.0", "2.2.1", "2.9.1", "2.10.0", "10",
)  # fmt: skip
SAME = (("2.2", "2.2.0"), ("app@2.2.0+7", "2.2.0"), ("v2.2.0", "2.2.0 (88)"), ("1.0-rc.1", "app@1.0.0-rc.1+9"))

numbers = st.lists(st.integers(0, 20), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
marks = st.just("") | st.sampled_from(["-alpha", "-beta.2", "-beta.11", "-rc.1"])
releases = st.tuples(numbers, marks).map("".join)
subjects = st.text(min_size=1, max_size=20)


def test_releases_have_the_order_that_people_expect() -> None:
    places = [version(text) for text in IN_ORDER]

    for one, two in pairwise(places):
        assert one is not None
        assert two is not None
        assert one < two


@pytest.mark.parametrize(("one", "two"), SAME, ids=str)
def test_package_build_and_trailing_zeros_have_no_part_in_it(one: str, two: str) -> None:
    assert version(one) == version(two) != None  # noqa: E711


@given(releases, releases)
def test_a_release_lies_below_at_or_above_another_and_ranges_agree(release: str, bound: str) -> None:
    held = [release_test(f"{sign}{bound}")(release) for sign in ("<", "=", ">")]

    assert held.count(True) == 1
    assert release_test(f"<={bound}")(release) == (held[0] or held[1])
    assert release_test(f">={bound}")(release) == (held[1] or held[2])
    assert release_test(f"!={bound}")(release) is not held[1]
    assert release_test(bound)(release) == held[1]


@given(releases, releases, releases)
def test_a_range_with_a_comma_is_both_halves(release: str, low: str, high: str) -> None:
    both = release_test(f">={low}, <{high}")(release)

    assert both == (release_test(f">={low}")(release) and release_test(f"<{high}")(release))


@pytest.mark.parametrize("text", ["<", "<x", ">=2.1,", ">=2.1,<", "<2.1,nightly", "", "=>2", "< 2,,>1", "2.1, 2.2"])
def test_a_range_that_cannot_be_read_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(Rejected, match=r"targets.releases: write a release \(2\.2\.0\)"):
        matcher(Targets(releases=[text or " "]), "1")


ANN = Client("2.10.0", "cook", "ann", "acme", "phone-1")
TABLE = [
    pytest.param(Targets(), ANN, True, id="everybody"),
    pytest.param(Targets(), Client(), True, id="everybody, even who says nothing"),
    pytest.param(Targets(releases=[">=2.9.1"]), ANN, True, id="2.10.0 comes after 2.9.1"),
    pytest.param(Targets(releases=["<2.9.1"]), ANN, False, id="and not before it"),
    pytest.param(Targets(releases=["<2.2.1", "2.10.0"]), ANN, True, id="one of the releases"),
    pytest.param(Targets(releases=["nightly"]), Client("nightly"), True, id="a name is itself"),
    pytest.param(Targets(releases=["<99"]), Client("nightly"), False, id="a name lies in no range"),
    pytest.param(Targets(releases=["<99"]), Client(), False, id="no release lies in no range"),
    pytest.param(Targets(releases=["!=2.0"]), Client(), False, id="nor does it differ"),
    pytest.param(Targets(roles=["cook", "chef"]), ANN, True, id="role"),
    pytest.param(Targets(roles=["chef"]), ANN, False, id="other role"),
    pytest.param(Targets(roles=["chef"]), Client(), False, id="no role"),
    pytest.param(Targets(users=["ann"]), ANN, True, id="user"),
    pytest.param(Targets(users=["Ann"]), ANN, False, id="names are exact"),
    pytest.param(Targets(customers=["acme"]), ANN, True, id="customer"),
    pytest.param(Targets(customers=["acme"], roles=["chef"]), ANN, False, id="all that is given must hold"),
    pytest.param(Targets(share=99.999), Client("2.10.0"), False, id="nobody is in no share"),
]


@pytest.mark.parametrize(("targets", "client", "meant"), TABLE)
def test_who_is_meant(targets: Targets, client: Client, meant: bool) -> None:
    assert matcher(targets, "1")(client) is meant


@given(subjects, st.text(max_size=5), st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_share_keeps_who_is_in_when_it_grows(user: str, salt: str, one: float, two: float) -> None:
    small, large = sorted((one, two))
    client = Client(user=user)

    assert matcher(Targets(share=small), salt)(client) <= matcher(Targets(share=large), salt)(client)
    assert 0 <= draw(user, salt) < 100
    assert draw(user, salt) == draw(user, salt)


@given(subjects, subjects, st.floats(0.01, 100))
def test_a_person_is_in_it_on_every_device(user: str, install: str, share: float) -> None:
    meant = matcher(Targets(share=share), "7")

    assert meant(Client(user=user, install=install)) == meant(Client(user=user))
    assert meant(Client(install=user)) == meant(Client(user=user))


@pytest.mark.parametrize("share", [1, 10, 50, 97.5])
@pytest.mark.parametrize("salt", ["1", "2"])
def test_a_share_has_its_size(share: float, salt: str) -> None:
    people = 20_000
    meant = matcher(Targets(share=share), salt)
    found = sum(meant(Client(user=f"u{number}")) for number in range(people))

    expected = people * share / 100
    assert abs(found - expected) < 5 * sqrt(expected * (1 - share / 100))


def test_two_directives_draw_independently() -> None:
    one, two = (matcher(Targets(share=50), salt) for salt in ("1", "2"))
    both = sum(one(client) and two(client) for client in (Client(user=f"u{number}") for number in range(20_000)))

    assert abs(both - 5_000) < 5 * sqrt(20_000 * 0.25 * 0.75)


def test_a_share_drawn_today_is_drawn_alike_tomorrow() -> None:
    """These are stored nowhere: another hash would show a message to other people after an upgrade."""
    assert [round(draw(user, "1"), 6) for user in ("ann", "bob", "ünï")] == [65.33172, 45.015544, 84.050569]
