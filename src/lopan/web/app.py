"""The web application, put together from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from lopan.web import (
    annotating,
    api,
    assets,
    directives,
    directives_api,
    failure,
    live,
    navigation,
    pages,
    performance,
    render,
    views,
)
from lopan.web.auth import Auth
from lopan.web.business import baselines, roi
from lopan.web.business import page as business
from lopan.web.customers import backtest, crashes, customer, listing, timetovalue, touched
from lopan.web.headers import SecurityHeaders
from lopan.web.imports import batches, upload
from lopan.web.login import Login
from lopan.web.market import companies
from lopan.web.market import page as market
from lopan.web.overview import screens
from lopan.web.parts import Parts
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

_ABOUT = (
    "Every figure and alert that the pages show, under the same access rules. "
    "Send an API token as `Authorization: Bearer lpt_...`; `lopan tokens create` makes one."
)

_LIVE: dict[navigation.Page, live.Open] = {
    navigation.OVERVIEW: screens.watch,
    navigation.PERFORMANCE: performance.watch,
    navigation.ENGAGEMENT: engagement.watch,
    navigation.RETENTION: retention.watch,
    navigation.FEATURES: features.watch,
    navigation.WORKFLOWS: workflows.watch,
    navigation.ROLES: roles.watch,
    navigation.SATISFACTION: satisfaction.watch,
    navigation.BUSINESS: business.watch,
    navigation.MARKET: market.watch,
    navigation.ROI: roi.watch,
}
"""Pages that change while they are open."""


def create_app(parts: Parts) -> FastAPI:
    """The application over ``parts``; raises GiveUp when the front end has not been built."""
    assets.load()
    app = FastAPI(
        title="Lopan",
        version=version("lopan"),
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.parts = parts
    app.state.auth = Auth(parts.engine, parts.config.public_url, parts.clock)
    app.add_middleware(SecurityHeaders, secure=parts.config.public_url.startswith("https://"))
    app.include_router(api.router)
    app.include_router(directives_api.router)
    app.include_router(annotating.machines)
    app.include_router(roi.machines)
    app.include_router(Login(app.state.auth, _public).router())
    app.include_router(baselines.machines)
    # The file of all baselines comes before the tables of Business: it would be one of these.
    for pages_of in (pages, baselines, business, roi, directives, views, annotating, mailing, upload, batches, screens):
        app.include_router(pages_of.router)
    # The people of a cell come before the tables of Retention: their file would be one of these.
    for one in (engagement, cohort, retention, features, workflows, roles, satisfaction, report):
        app.include_router(one.machines)
        app.include_router(one.router)
    # The companies of a cell come before the tables of Market: their file would be one of these.
    for one in (companies, market):
        app.include_router(one.machines)
        app.include_router(one.router)
    # The back-test and time to value come before a customer of that name.
    for one in (listing, backtest, timetovalue, customer, crashes, touched):
        app.include_router(one.machines)
        app.include_router(one.router)
    app.router.routes.extend(live.route(page, look) for page, look in _LIVE.items())
    app.add_route("/static/{file}", assets.serve, include_in_schema=False)
    app.add_route("/healthz", _health, include_in_schema=False)
    failure.install(app)
    return app


def _public(request: Request, template: str, context: Mapping[str, object], status: int) -> Response:
    return render.page(request, template, context, status=status)


async def _health(request: Request) -> Response:
    """The process answers; whether figures are fresh is a metric of its own."""
    return Response('{"status":"ok"}', media_type="application/json")
