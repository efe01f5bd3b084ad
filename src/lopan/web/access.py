"""Authorisation: the one place that says what a person or token may see. What is not written here is denied."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from lopan.control.principal import Principal
from lopan.errors import LopanError

ADMINISTRATION: Final = "administration"
"""The group of users, keys, tokens, rules, directives and baselines: a permission of its own that no level includes."""

PEOPLE: Final = "people"
"""The group of who the people behind a figure are, by name: for those whose work it is to call them."""

GROUPS: Final = MappingProxyType(
    {
        "executive": frozenset(
            {"businessROI", "customerSatisfaction", "userGrowth", "revenue", "manufacturingRollups"}
        ),
        "operational": frozenset(
            {
                "userEngagement",
                "featureAdoption",
                "workflowCompletion",
                "supportTickets",
                "manufacturing",
                "manufacturingRollups",
            }
        ),
        "technical": frozenset({"performance", "crashes", "memory", "networkLatency", "systemHealth"}),
        "customerSuccess": frozenset(
            {"userSatisfaction", "featureAdoption", "retentionRates", "supportResolution", "customerHealth", PEOPLE}
        ),
    }
)
"""Groups by level, as METRICS.md has them; who sees all of manufacturing sees its roll-ups too."""


class SignedOut(LopanError):
    """Nobody is signed in, and only people and tokens may see this: 401, or the log-in page."""

    def __init__(self) -> None:
        super().__init__("sign in, or send an API token as `Authorization: Bearer lpt_...`")


class Forbidden(LopanError):
    """Known, but not allowed to see ``group``: 403."""

    def __init__(self, group: str, reason: str = "") -> None:
        said = reason or f"your access level does not include {group}; an administrator can grant one that does"
        super().__init__(said)
        self.group = group


def groups_of(principal: Principal | None) -> frozenset[str]:
    """Every group that ``principal`` may see; nobody sees none, and an unknown level adds none."""
    if principal is None:
        return frozenset()
    seen = frozenset[str]().union(*(GROUPS.get(level, ()) for level in principal.levels))
    return seen | {ADMINISTRATION} if principal.admin else seen


def may(principal: Principal | None, group: str) -> bool:
    """Whether ``principal`` may see ``group``; an unknown group is seen by no one."""
    return group in groups_of(principal)


def why_no_names(principal: Principal) -> str:
    """Why ``principal`` may not see who is behind a figure; empty when that is allowed.

    Names are for customer success, who calls people. A token is no person: whoever holds it reads, and nobody knows
    who that was, so it gets counts.
    """
    if not may(principal, PEOPLE):
        return str(Forbidden(PEOPLE))
    return "" if principal.person else "names are for people who sign in, not for API tokens"


def require_names(principal: Principal) -> None:
    """Raise Forbidden for whom ``why_no_names`` has a reason."""
    if reason := why_no_names(principal):
        raise Forbidden(PEOPLE, reason)


def require(principal: Principal | None, group: str) -> Principal:
    """``principal``, known and allowed; raises SignedOut or Forbidden."""
    if principal is None:
        raise SignedOut
    if not may(principal, group):
        raise Forbidden(group)
    return principal


class ReadOnly(Forbidden):
    """Known, but may change nothing here: 403."""

    def __init__(self, reason: str) -> None:
        super().__init__("changes")
        self.args = (reason,)


def may_see_screen(principal: Principal | None, level: str) -> bool:
    """Whether ``principal`` may open the first screen of ``level``, '' = the one of everybody signed in.

    What stands on it is asked for figure by figure.
    """
    return principal is not None and (not level or level in principal.levels)


def may_annotate(principal: Principal | None) -> bool:
    """Whether ``principal`` may write annotations: people of any level, and tokens made for it."""
    return principal is not None and (principal.annotates or (principal.person and bool(principal.levels)))


def require_annotate(principal: Principal) -> Principal:
    """``principal``, allowed to write annotations; raises ReadOnly."""
    if not may_annotate(principal):
        reason = "a token writes annotations only when it was made with `lopan tokens create --annotate`"
        raise ReadOnly("people without a level only read" if principal.person else reason)
    return principal


def may_feed(principal: Principal | None) -> bool:
    """Whether ``principal`` may write business facts: tokens made for it, and administrators."""
    return principal is not None and (principal.feeds or principal.admin)


def require_feed(principal: Principal) -> Principal:
    """``principal``, allowed to write business facts; raises ReadOnly."""
    if not may_feed(principal):
        raise ReadOnly("business facts are written by administrators, and by tokens made with `--facts`")
    return principal


def may_save(principal: Principal | None) -> bool:
    """Whether ``principal`` may save views: people only, for a view belongs to somebody who can sign in."""
    return principal is not None and principal.person


def require_save(principal: Principal) -> Principal:
    """``principal``, allowed to save views; raises ReadOnly."""
    if not may_save(principal):
        raise ReadOnly("views belong to people: sign in to save one")
    return principal


def owns(principal: Principal | None, owner: str) -> bool:
    """Whether ``principal`` may change what ``owner`` made and others see: the owner, and administrators."""
    return principal is not None and (principal.name == owner or principal.admin)


def require_owner(principal: Principal, owner: str) -> Principal:
    """``principal``, allowed to change what ``owner`` made; raises ReadOnly."""
    if not owns(principal, owner):
        raise ReadOnly(f"this belongs to {owner}; they or an administrator can change it")
    return principal
