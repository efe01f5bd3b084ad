"""The map of the pages: which there are, and whom each is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from lopan.control.principal import Principal
from lopan.web import access


class Page(msgspec.Struct, frozen=True):
    """One entry of the navigation; seen with any of ``groups``, or by everyone signed in when there is none.

    ``views``: what its address asks for can be saved under a name.
    """

    path: str
    title: str
    icon: str
    groups: tuple[str, ...] = ()
    section: str = ""
    views: bool = False


USERS: Final = "Users"
COMPANY: Final = "Business"
SYSTEM: Final = "System"

OVERVIEW: Final = Page("/overview", "Overview", "home")
PERFORMANCE: Final = Page("/performance", "Performance", "gauge", ("performance", "memory", "crashes"), views=True)
ENGAGEMENT: Final = Page("/engagement", "Engagement", "people", ("userEngagement", "userGrowth"), USERS, views=True)
RETENTION: Final = Page("/retention", "Retention", "return", ("retentionRates",), USERS, views=True)
FEATURES: Final = Page("/features", "Features", "grid", ("featureAdoption",), USERS, views=True)
WORKFLOWS: Final = Page("/workflows", "Workflows", "funnel", ("workflowCompletion",), USERS, views=True)
ROLES: Final = Page("/roles", "Roles", "badge", ("userEngagement",), USERS, views=True)
_OPINIONS = ("userSatisfaction", "customerSatisfaction")
SATISFACTION: Final = Page("/satisfaction", "Satisfaction", "smile", _OPINIONS, USERS, views=True)
REPORT: Final = Page(
    "/report",
    "Report",
    "report",
    (
        "userEngagement",
        "userGrowth",
        "featureAdoption",
        "workflowCompletion",
        "userSatisfaction",
        "customerSatisfaction",
        "retentionRates",
    ),
    USERS,
    views=True,
)
_BUSINESS = ("manufacturing", "manufacturingRollups", "supportTickets", "supportResolution")
BUSINESS: Final = Page("/business", "Business", "factory", _BUSINESS, COMPANY, views=True)
ROI: Final = Page("/business/roi", "ROI", "coins", ("businessROI",), COMPANY, views=True)
_MONEY = ("businessROI", "manufacturing", access.ADMINISTRATION)
BASELINES: Final = Page("/business/baselines", "Baselines", "ruler", _MONEY, COMPANY)
CUSTOMERS: Final = Page("/customers", "Customers", "customers", ("customerHealth",), COMPANY, views=True)
MARKET: Final = Page("/market", "Market", "market", ("revenue",), COMPANY, views=True)
TIME_TO_VALUE: Final = Page(
    "/customers/time-to-value", "Time to value", "flag", ("customerHealth", "businessROI"), COMPANY, views=True
)
CRASHES: Final = Page("/crashes", "Crashes", "crash", ("crashes",), views=True)
ALERTS: Final = Page("/alerts", "Alerts", "bell", (), SYSTEM)
SOURCES: Final = Page("/sources", "Sources", "inbox", ("systemHealth", access.ADMINISTRATION), SYSTEM)
IMPORTS: Final = Page("/imports", "Imports", "tray", (access.ADMINISTRATION,), SYSTEM)
DIRECTIVES: Final = Page("/directives", "Directives", "send", ("systemHealth", access.ADMINISTRATION), SYSTEM)
REFERENCE: Final = Page("/docs", "API", "code", (), SYSTEM)
PAGES: Final = (
    OVERVIEW,
    PERFORMANCE,
    CRASHES,
    ENGAGEMENT,
    RETENTION,
    FEATURES,
    WORKFLOWS,
    ROLES,
    SATISFACTION,
    REPORT,
    BUSINESS,
    ROI,
    BASELINES,
    CUSTOMERS,
    MARKET,
    TIME_TO_VALUE,
    ALERTS,
    SOURCES,
    IMPORTS,
    DIRECTIVES,
    REFERENCE,
)
"""In the order of the navigation; the pages of one section stand together."""


def may_open(principal: Principal | None, page: Page) -> bool:
    """Whether ``principal`` sees at least one group of the page."""
    if principal is None:
        return False
    return not page.groups or any(access.may(principal, group) for group in page.groups)


def require(principal: Principal | None, page: Page) -> Principal:
    """``principal``, allowed to open the page; raises SignedOut or Forbidden."""
    if principal is None:
        raise access.SignedOut
    if not may_open(principal, page):
        raise access.Forbidden(page.groups[0])
    return principal


def around(pages: Sequence[Page], path: str) -> Page | None:
    """The one of ``pages`` that ``path`` belongs to: of two that lie within each other the inner one."""
    found = [page for page in pages if path == page.path or path.startswith(f"{page.path}/")]
    return max(found, key=lambda page: len(page.path), default=None)


def with_views(path: str) -> Page | None:
    """The page of that path when it can be saved as a view."""
    return next((page for page in PAGES if page.views and page.path == path), None)


def visible(principal: Principal | None) -> list[Page]:
    """The navigation of ``principal``; empty for nobody."""
    return [page for page in PAGES if may_open(principal, page)]


def home(principal: Principal) -> str:
    """Where to begin: the first screen of the only level, else the main screen, which has what all of them have."""
    if len(principal.levels) == 1:
        (level,) = principal.levels
        return f"{OVERVIEW.path}/{level}"
    return OVERVIEW.path
