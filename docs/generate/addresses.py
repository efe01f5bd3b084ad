"""Every address that the server answers at, from its routers."""

from __future__ import annotations

from fastapi.routing import APIRoute, APIRouter

from generate.plugins import modules
from generate.text import NOTE, prose
from lopan.ingest import adapters
from lopan.ingest.directives import PATH
from lopan.web import annotating, api, directives, directives_api, pages, views
from lopan.web.business import baselines, roi
from lopan.web.business import page as business
from lopan.web.customers import backtest, crashes, customer, listing, timetovalue, touched
from lopan.web.market import companies
from lopan.web.market import page as market
from lopan.web.people import (
    cohort,
    engagement,
    features,
    mailing,
    report,
    retention,
    roles,
    satisfaction,
    workflows,
)

_BUSINESS = (roi, baselines)
_CUSTOMERS = (listing, backtest, timetovalue, customer, crashes, touched)
_MARKET = (companies, market)
_PEOPLE = (engagement, retention, cohort, features, workflows, roles, satisfaction, report)


def http() -> str:
    """Every address that the server answers at, and every protocol it reads."""
    lines = [NOTE, "# Addresses", "", "## Intake", ""]
    lines += [
        "Bodies may be compressed with gzip, br, zstd or deflate. The key goes where the protocol puts it; for native",
        "events that is `Authorization: Bearer KEY`.",
        "",
        "| address | adapter |",
        "|---|---|",
        "| `POST /v1/events` | `native` |",
        "| `POST /api/{project}/envelope/` | `sentry` |",
        "| `POST /api/{project}/store/` | `sentry` |",
        "",
        *modules("adapter", adapters.__path__, adapters.__name__, needs="read"),
        "",
        "| address | what it answers |",
        "|---|---|",
        f"| `GET {PATH}` | What an installation of the app is to show or do now: [how to](../directives.md). |",
        "",
        "## API",
        "",
        "With a session or `Authorization: Bearer TOKEN`; `/docs` describes parameters and answers.",
        "",
        *_routes(
            api.router,
            directives_api.router,
            annotating.machines,
            *(page.machines for page in (*_PEOPLE, *_BUSINESS, *_CUSTOMERS, *_MARKET)),
        ),
        "",
        "## Pages",
        "",
        *_routes(
            pages.router,
            *(page.router for page in (*_PEOPLE, mailing, business, *_BUSINESS, *_CUSTOMERS, *_MARKET)),
            directives.router,
            views.router,
            annotating.router,
        ),
    ]
    return "\n".join(lines)


def _routes(*routers: APIRouter) -> list[str]:
    rows = [
        f"| `{method} {route.path}` | {prose(route.endpoint).splitlines()[0]} |"
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
    return ["| address | what it answers |", "|---|---|", *rows]
