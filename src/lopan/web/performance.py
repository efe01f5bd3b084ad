"""The Performance page: four figures, their course, who differs, and what is on fire."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from lopan.alerts import history
from lopan.alerts.history import AlertView
from lopan.analytics.metric import Group, Metric
from lopan.control import projects
from lopan.control.principal import Principal
from lopan.web import access, charts, export, navigation, query, render, sheets, toolbar
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.query import Query

CARDS: Final = ("app_launch_time", "scroll_frame_rate", "memory_usage", "crash_free_sessions")
DIMENSIONS: Final = {"release": "Release", "device": "Device"}
TROUBLES: Final = ("critical", "warning", "below target")
ROWS: Final = 12
PAST: Final = 4


class Row(msgspec.Struct, frozen=True):
    """One line of the comparison: a value of the dimension and its figure for each card, None where it has none."""

    key: str
    n: int
    cells: list[Group | None]


class Board(msgspec.Struct, frozen=True):
    """All that the page shows about one query; ``rows`` is empty when the comparison was not asked for."""

    query: Query
    metrics: list[Metric]
    alerts: list[AlertView]
    past: list[AlertView]
    rows: list[Row] = []
    hidden_rows: int = 0

    @property
    def empty(self) -> bool:
        """True when no figure has a single sample in the range."""
        return not any(metric.n for metric in self.metrics)

    def troubles(self) -> dict[str, list[Metric]]:
        """As ``troubles``."""
        return troubles(self.metrics)

    @property
    def abouts(self) -> str:
        """Ids of the definitions on the page, for pictures of several figures."""
        return " ".join(f"about-{metric.id}" for metric in self.metrics)

    def chart_data(self) -> list[dict[str, Any]]:
        """The trend charts by column."""
        return [charts.trend(metric) for metric in self.metrics]


def read(request: Request, principal: Principal) -> Query:
    """The query in the address; a comparison defaults to releases, and a time without a zone is the site's."""
    parts = parts_of(request)
    asked = query.parse(request.query_params, parts.clock.now(), parts.zone)
    return msgspec.structs.replace(asked, by=asked.by if asked.by in DIMENSIONS else "release")


async def load(parts: Parts, principal: Principal, asked: Query, *, compare: bool = True) -> Board:
    """Measure what ``principal`` may see; the figures are asked for at once and answered one flight each."""
    seen = [name for name in CARDS if name in parts.catalog.kpis and _may(parts, principal, name)]
    by = asked.by if compare else ""
    wanted = (parts.kpis.metric(name, asked.span, asked.filters, by, against=asked.against) for name in seen)
    metrics, alerts, past = await asyncio.gather(
        asyncio.gather(*wanted), active_alerts(parts, principal), _past_alerts(parts, principal)
    )
    rows = _rows(metrics, asked.by) if compare else []
    return Board(asked, list(metrics), alerts, past, rows[:ROWS], max(0, len(rows) - ROWS))


def troubles(metrics: Sequence[Metric]) -> dict[str, list[Metric]]:
    """Figures that need a person, by status, the worst first; those with too few samples are not judged."""
    judged = [metric for metric in metrics if metric.enough]
    found = {status: [metric for metric in judged if metric.status == status] for status in TROUBLES}
    return {status: metrics for status, metrics in found.items() if metrics}


async def active_alerts(parts: Parts, principal: Principal) -> list[AlertView]:
    """Open alerts that ``principal`` may see, the most severe first."""
    return await anyio.to_thread.run_sync(partial(history.active, parts.engine, access.groups_of(principal)))


async def page(request: Request, principal: Principal) -> Response:
    """Answer ``/performance``."""
    parts = parts_of(request)
    asked = read(request, principal)
    board, tools, releases, devices, known = await asyncio.gather(
        load(parts, principal, asked),
        toolbar.load(request, principal, navigation.PERFORMANCE, asked),
        parts.kpis.dimension_values("release", asked.span),
        parts.kpis.dimension_values("device", asked.span),
        anyio.to_thread.run_sync(projects.listing, parts.engine),
    )
    context = {
        "board": board,
        "query": asked,
        "tools": tools,
        "ranges": query.RANGES,
        "dimensions": DIMENSIONS,
        "choices": {"release": releases, "device": devices},
        "projects": known,
        "stream": f"/live/performance?{asked.address()}",
        "chart_data": charts.data(parts.config.timezone, board.chart_data(), tools.marks),
        "firing": firing(board.alerts),
    }
    return render.page(request, "performance.html", context, principal=principal)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: figures and alerts at once, the comparison when it is asked for."""
    parts, drawing = parts_of(request), partial(render.fragment, request, "board.html")
    read(request, principal)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, principal, read(request, principal), compare=full)
        drawn = {f"card-{metric.id}": drawing("card_body", metric) for metric in board.metrics}
        drawn |= {f"facts-{metric.id}": drawing("facts", metric) for metric in board.metrics}
        drawn |= {"verdict": drawing("verdict", board), "alerts": drawing("alert_panel", board)}
        drawn["firing"] = drawing("firing_badge", firing(board.alerts))
        if board.rows:
            drawn["compare"] = drawing("comparison", board)
        drawn |= {
            f"versus-{metric.id}": render.fragment(request, "chart.html", "versus", metric)
            for metric in board.metrics
            if metric.versus
        }
        shown = {metric.id: metric for metric in board.metrics}
        return Shown(drawn, {name: metric.series for name, metric in shown.items()}, shown)

    return look


async def table(request: Request, principal: Principal, name: str, form: export.Form) -> Response:
    """Answer ``/performance/{name}.{form}``: ``trends`` or ``comparison`` as the page shows them, all rows."""
    parts, asked = parts_of(request), read(request, principal)
    board = await load(parts, principal, asked)
    make = sheets.groups if name == "comparison" else sheets.series
    return await export.answer(request, make(f"performance-{name}", board.metrics, asked, parts.config.timezone), form)


async def _past_alerts(parts: Parts, principal: Principal) -> list[AlertView]:
    groups = access.groups_of(principal)
    return await anyio.to_thread.run_sync(partial(history.recent, parts.engine, groups, PAST))


def firing(alerts: Sequence[AlertView]) -> int:
    """How many alerts are on, as the navigation counts them: pending ones are not."""
    return sum(alert.state in ("firing", "recovering") for alert in alerts)


def _may(parts: Parts, principal: Principal, name: str) -> bool:
    return access.may(principal, parts.catalog.get(name).group)


def _rows(metrics: Sequence[Metric], by: str) -> list[Row]:
    groups = [{group.key: group for group in metric.groups} for metric in metrics]
    keys = {key for by_key in groups for key in by_key}
    rows = [
        Row(key, max(by_key[key].n for by_key in groups if key in by_key), [by_key.get(key) for by_key in groups])
        for key in keys
    ]
    if by == "release":
        return sorted(rows, key=lambda row: _version(row.key), reverse=True)
    return sorted(rows, key=lambda row: (-row.n, row.key))


def _version(text: str) -> list[tuple[int, int, str]]:
    """Sorts 2.10.0 after 2.9.1, and words after nothing."""
    parts = text.replace("-", ".").replace("+", ".").split(".")
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
