"""What the Market page shows about one query: how much is won, of what, where, and what the data leave in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from lopan.analytics.business.market import Cell, Market, Markets, Reached
from lopan.analytics.calendar import begin
from lopan.analytics.metric import Metric, Point
from lopan.catalog import MONTH, Kpi
from lopan.errors import GiveUp
from lopan.web import charts
from lopan.web.customers import words
from lopan.web.market.query import Asked
from lopan.web.parts import Parts
from lopan.web.people.cards import NOTHING, Count, metric

LEAST: Final = 30
"""Companies behind a share, below which its interval stands beside it instead of a colour."""
HEAT: Final = (0.05, 0.1, 0.2, 0.4)
"""Where one class of intensity ends and the next begins."""
CHOICES: Final = 200


class Size(msgspec.Struct, frozen=True):
    """One of the nested sets of companies; ``share`` of the largest, in percent."""

    title: str
    meaning: str
    count: int
    share: float


class Board(msgspec.Struct, frozen=True):
    """All that the page shows; ``metrics`` are penetration and that by value, ``choices`` what can be filtered by."""

    asked: Asked
    market: Market
    metrics: list[Metric]
    choices: dict[str, list[str]]

    @property
    def empty(self) -> bool:
        """True when nobody is listed and nobody is a customer."""
        return self.market.empty

    @property
    def listed(self) -> bool:
        """Whether there is a list of the market."""
        return bool(self.market.whole.tam)

    @property
    def columns(self) -> list[str]:
        """The regions of the matrix, the largest first; "" = not stated, last."""
        return _names(self.market.regions, "region")

    @property
    def lines(self) -> list[str]:
        """The segments of the matrix, likewise."""
        return _names(self.market.segments, "segment")

    def cell(self, segment: str, region: str) -> Cell | None:
        """Where nobody is listed and nobody won there is none."""
        return next((one for one in self.market.cells if (one.segment, one.region) == (segment, region)), None)

    def segments(self) -> list[Cell]:
        """By segment, in the order of the matrix."""
        return [one for name in self.lines for one in self.market.segments if one.segment == name]

    def regions(self) -> list[Cell]:
        """By region, in the order of the matrix."""
        return [one for name in self.columns for one in self.market.regions if one.region == name]

    def sizes(self) -> list[Size]:
        """TAM, SAM, SOM and who is won, on one scale."""
        whole = self.market.whole
        most = max(whole.tam, whole.addressable, 1)
        told = [
            ("TAM", "all who could need it", whole.tam),
            ("SAM", "of those, who can be served", whole.sam),
            ("SOM", "of those, who can be won soon", whole.som),
            ("Won", "customers", whole.won),
        ]
        return [Size(title, meaning, count, 100 * count / most) for title, meaning, count in told]

    edges: ClassVar = HEAT
    least: ClassVar = LEAST

    def heat(self, cell: Cell) -> str:
        """The class of intensity, ``few`` where the interval says more than the figure, ``none`` without one."""
        if cell.penetration is None:
            return "none"
        return str(sum(cell.penetration >= edge for edge in HEAT)) if cell.addressable >= LEAST else "few"

    def money(self, amount: float | None) -> str:
        """In the reporting currency, as people say it."""
        return words.money(amount, self.market.currency)

    def top(self, cells: Sequence[Cell]) -> float:
        """The end of the scale on which ``cells`` are drawn, 0 to 1."""
        bounds = [one.high for one in [*cells, self.market.whole] if one.high is not None and one.addressable >= LEAST]
        return max([*bounds, 0.01])

    def earned(self) -> charts.Spark | None:
        """The course of recurring revenue."""
        return charts.spark([Point(self.asked.now, one.arr, one.won) for one in self.market.trend])

    def chart_data(self) -> list[dict[str, Any]]:
        """The trend charts by column."""
        return [charts.trend(one) for one in self.metrics]


def markets(parts: Parts) -> Markets:
    """What answers; raises GiveUp where there are no facts."""
    if parts.markets is None:
        raise GiveUp("this process reads no business facts")
    return parts.markets


async def load(parts: Parts, asked: Asked) -> Board:
    """Measure."""
    answers = markets(parts)
    found, choices = await asyncio.gather(answers.market(asked.day, asked.now, asked.where), answers.values(CHOICES))
    return Board(asked, found, _metrics(parts, asked, found), choices)


def _names(cells: Sequence[Cell], name: str) -> list[str]:
    ordered = sorted(cells, key=lambda one: (not getattr(one, name), -one.addressable, getattr(one, name)))
    return [getattr(one, name) for one in ordered]


def _metrics(parts: Parts, asked: Asked, found: Market) -> list[Metric]:
    """As cards and charts draw them; before = the first month of the trend."""
    first, whole = found.trend[0], found.whole
    told = {
        "market_penetration": (
            Count(whole.won, whole.addressable, whole.addressable) if whole.sam else NOTHING,
            _share(first.penetration, first.addressable),
        ),
        "market_penetration_value": (
            Count(whole.arr_valued, whole.value, whole.valued) if whole.value_penetration is not None else NOTHING,
            _share(first.value_penetration, first.valued),
        ),
    }
    made = []
    for name, (now, then) in told.items():
        kpi = parts.catalog.kpis[name]
        points = [_point(kpi, one, begin(one.day, parts.zone), asked) for one in found.trend]
        made.append(msgspec.structs.replace(metric(kpi, now, then, asked.span, points), step=MONTH))
    return made


def _share(value: float | None, n: int) -> Count:
    return NOTHING if value is None else Count(value * n, n, n)


def _point(kpi: Kpi, one: Reached, at: datetime, asked: Asked) -> Point:
    by_value = kpi.id == "market_penetration_value"
    value = one.value_penetration if by_value else one.penetration
    n = one.valued if by_value else one.addressable
    return Point(at, None if value is None else kpi.scale * value, n, asked.moving and one.day == asked.day)
