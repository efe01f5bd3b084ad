"""Authorisation: the one place that says what a person or token may see. What is not written here is denied."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from lopan.control.principal import Principal
from lopan.errors import LopanError

ADMINISTRATION: Final = "administration"
"""The group of users, keys, tokens and rules: a permission of its own that no level includes."""

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
