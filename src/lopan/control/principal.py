"""Who asks: a person or a token, with the levels that say what they may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from lopan.errors import ConfigError, Rejected

LEVELS: Final = ("executive", "operational", "technical", "customerSuccess")
"""The access levels of METRICS.md; what each may see stands in ``lopan.web.access`` alone."""


class Principal(msgspec.Struct, frozen=True):
    """``name`` is an e-mail address, or ``token NAME``; ``admin`` is a permission of its own and no level.

    ``annotates`` lets a token write annotations; people with a level may do so anyway. ``feeds`` lets it write facts.
    """

    name: str
    levels: frozenset[str] = frozenset()
    admin: bool = False
    annotates: bool = False
    feeds: bool = False

    @property
    def person(self) -> bool:
        """Whether somebody is signed in, and not a token."""
        return not self.name.startswith("token ")


def known_levels(levels: Iterable[str]) -> frozenset[str]:
    """The same levels as a set; an unknown one is Rejected with the list of those there are."""
    given = frozenset(levels)
    for level in sorted(given - set(LEVELS)):
        raise Rejected("level", f"{level!r} is none of {', '.join(LEVELS)}")
    return given


def level_of_role(role: str, mapping: Mapping[str, str]) -> str:
    """The level that ``[levels]`` in the settings gives to ``role``; any other role is operational."""
    level = mapping.get(role, "operational")
    if level not in LEVELS:
        raise ConfigError(f"[levels] {role} = {level!r} is none of {', '.join(LEVELS)}")
    return level
