"""Whom a directive is for: releases with ranges, roles, users, customers, and a stable share of users."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from lopan.errors import Rejected

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Names = Annotated[list[Name], Meta(max_length=1_000)]
Version = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]
Test = Callable[[str], bool]

SHARE_OF_ALL: Final = 100.0
_OPERATORS: Final = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"(<=|>=|!=|<|>|=)\s*(\S.*)")
_RELEASED: Final = ((2, 0, ""),)
_FORMS = "write a release (2.2.0) or a range (<2.2.1, or >=2.1,<2.3)"


class Client(msgspec.Struct, frozen=True):
    """What an installation says of itself when it asks; empty = not said."""

    release: str = ""
    role: str = ""
    user: str = ""
    customer: str = ""
    install: str = ""


class Targets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is given must hold; within a list one is enough, and an empty list is everybody.

    ``share`` is in percent of users, or of installations where no user is named.
    """

    releases: Names = []
    roles: Names = []
    users: Names = []
    customers: Names = []
    share: Annotated[float, Meta(gt=0, le=100)] = SHARE_OF_ALL


def version(release: str) -> Version | None:
    """The place of a release in the order of releases: 2.10.0 after 2.9.1, 2.2.0-beta before 2.2.0, 2.2 beside 2.2.0.

    What stands before ``@`` and after ``+`` or a space (package, build) has no part in it. None for a release that is
    not made of numbers: it lies in no range.
    """
    text = (release.rpartition("@")[2].split() or [""])[0].partition("+")[0]
    numbers, _, beta = text.removeprefix("v").partition("-")
    parts = numbers.split(".")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    counted = [int(part) for part in parts]
    while len(counted) > 1 and not counted[-1]:
        counted.pop()
    words = tuple(_word(word) for word in beta.split(".")) if beta else _RELEASED
    return tuple(counted), words


def matcher(targets: Targets, salt: str) -> Callable[[Client], bool]:
    """Whether a client is meant, as a function without a database; ``salt`` draws another share for each directive.

    Raises Rejected for a range that can't be read.
    """
    tests = [release_test(text) for text in targets.releases]
    roles, users, customers = frozenset(targets.roles), frozenset(targets.users), frozenset(targets.customers)

    def matches(client: Client) -> bool:
        return (
            (not roles or client.role in roles)
            and (not users or client.user in users)
            and (not customers or client.customer in customers)
            and (not tests or any(test(client.release) for test in tests))
            and (targets.share >= SHARE_OF_ALL or draw(client.user or client.install, salt) < targets.share)
        )

    return matches


def draw(subject: str, salt: str) -> float:
    """A number in [0, 100) that only ``subject`` and ``salt`` decide; 100 for nobody, who is in no share."""
    if not subject:
        return SHARE_OF_ALL
    digest = blake2b(f"{salt}\0{subject}".encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest) / (1 << 48) * 100


def release_test(text: str) -> Test:
    """A test for one entry of ``releases``: a release, or comparisons that must all hold, joined by commas."""
    text = text.strip()
    if not text or ("," not in text and text[0] not in "<>=!"):
        return _exactly(text)
    tests = [_clause(part.strip()) for part in text.split(",")]
    return lambda release: all(test(release) for test in tests)


def _exactly(text: str) -> Test:
    if not text:
        raise Rejected("targets.releases", f"{_FORMS}; got nothing")
    same = version(text)
    return lambda release: release == text or (same is not None and version(release) == same)


def _clause(text: str) -> Test:
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise Rejected("targets.releases", f"{_FORMS}; got {text[:60]!r}")
    bound, compare = version(found[2]), _OPERATORS[found[1]]
    if bound is None:
        raise Rejected("targets.releases", f"{_FORMS}; {found[2][:60]!r} is not made of numbers")

    def within(release: str) -> bool:
        place = version(release)
        return place is not None and bool(compare(place, bound))

    return within


def _word(text: str) -> tuple[int, int, str]:
    """Of two marks of a beta, numbers come before words, as in semantic versioning; a final release after both."""
    return (0, int(text), "") if text.isascii() and text.isdecimal() else (1, 0, text)
