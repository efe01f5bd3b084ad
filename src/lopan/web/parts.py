"""What the web needs from the rest of Lopan, handed in by the composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Engine
from starlette.requests import Request

from lopan.alerts.playbook import Playbook
from lopan.analytics.business.market import Markets
from lopan.analytics.customers.customers import Customers
from lopan.analytics.facts import Facts
from lopan.analytics.impact import Impacts
from lopan.analytics.metric import Against, Filters, Metric, Span
from lopan.analytics.people import People
from lopan.analytics.reach import Reach, Response
from lopan.analytics.releases import Release
from lopan.analytics.reporter import Reporter
from lopan.analytics.usage import Usage
from lopan.catalog import Catalog
from lopan.catalog.business import Business
from lopan.catalog.screen import Screen
from lopan.clock import Clock
from lopan.config import Config
from lopan.connect.load import Loader
from lopan.connect.service import Connected
from lopan.connect.uploads import Uploads
from lopan.web.printer import Printer


class Kpis(Protocol):
    """The figures; ``lopan.analytics.kpis.Kpis`` is the real one, with single flight and a cache."""

    async def metric(
        self,
        name: str,
        span: Span,
        filters: Filters = ...,
        by: str = "",
        step: int | None = None,
        *,
        series: bool = True,
        against: Against | None = None,
        figure: bool = True,
    ) -> Metric:
        """One KPI over one range. Raises Rejected for an unknown KPI or dimension."""
        ...

    async def dimension_values(self, name: str, span: Span) -> list[str]:
        """Values of ``release`` or ``device`` seen in the range; releases newest first."""
        ...


class Releases(Protocol):
    """The releases that charts mark by themselves."""

    async def known(self) -> list[Release]:
        """Those worth naming, by their first event; never makes a page wait."""
        ...


class Feed(Protocol):
    """News as an asynchronous iterator; what happens while a listener is busy comes as one."""

    def subscribe(self) -> AsyncIterator[object]:
        """News from now on."""
        ...


class Source(msgspec.Struct, frozen=True):
    """Intake of one project since the start of the process; ``last`` is None when nothing ever came."""

    project: int
    name: str
    accepted: int
    rejected: int
    quarantined: int
    last: datetime | None


class Intake(Protocol):
    """What came in, by project."""

    async def sources(self) -> list[Source]:
        """Every project, by number."""
        ...


class Connections(Protocol):
    """What facts are pulled from; ``lopan.connect.service.Connections`` is the real one."""

    async def states(self) -> list[Connected]:
        """Every part of every connection, in the order of the settings."""
        ...


class Reaches(Protocol):
    """What became of directives; ``lopan.analytics.reach.Reaches`` is the real one."""

    async def reach(self, directives: Collection[tuple[int, int]]) -> dict[int, Reach]:
        """By id, for ``(project, id)`` pairs. Raises TryAgain when the store is busy."""
        ...

    async def response(self, project: int, number: int, survey: str) -> Response:
        """The response rate of a survey prompt."""
        ...


class Current(Protocol):
    """What clients are told at this moment."""

    async def reload(self) -> None:
        """Tell what is in the control database by now."""
        ...


def _nobody() -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything a page may read; ``commits`` and ``changes`` tell live pages when to look again.

    ``rebased`` tells them that figures are measured against another baseline now.
    """

    config: Config
    clock: Clock
    engine: Engine
    catalog: Catalog
    kpis: Kpis
    commits: Feed
    changes: Feed
    playbooks: Mapping[str, Playbook] = field(default_factory=dict)
    intake: Intake | None = None
    people: People | None = None
    reporter: Reporter | None = None
    printer: Printer = field(default_factory=Printer)
    reach: Reaches | None = None
    current: Current | None = None
    usage: Usage | None = None
    releases: Releases | None = None
    screens: Mapping[str, Screen] = field(default_factory=dict)
    facts: Facts | None = None
    judging: Business = field(default_factory=Business)
    rebased: Callable[[], None] = _nobody
    loader: Loader | None = None
    connections: Connections | None = None
    uploads: Uploads | None = None
    customers: Customers | None = None
    impacts: Impacts | None = None
    markets: Markets | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, in which pages show times and days begin."""
        return ZoneInfo(self.config.timezone)


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves ``request``."""
    parts: Parts = request.app.state.parts
    return parts
