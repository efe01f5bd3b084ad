"""What the Market page shows, as tables for export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lopan.analytics.business.market import Cell, Company
from lopan.web.export import Cell as Value
from lopan.web.export import Kind, Sheet
from lopan.web.export import sheet as made
from lopan.web.market.board import Board
from lopan.web.market.query import Asked

Name = Literal["cells", "trend", "doubts"]
_WHAT: dict[str, Kind] = dict.fromkeys(("day", "known", "filters"), "text")
_COUNTS = ("tam", "sam", "som", "won", "addressable", "outside", "beyond")
_CELLS: dict[str, Kind] = {
    **_WHAT,
    **dict.fromkeys(("level", "segment", "region"), "text"),
    **dict.fromkeys(_COUNTS, "count"),
    **dict.fromkeys(("penetration", "low", "high", "arr", "value", "value_penetration"), "number"),
    "unvalued": "count",
    "currency": "text",
    "definition": "text",
}
_TREND: dict[str, Kind] = {
    **_WHAT,
    "end_of": "text",
    "penetration": "number",
    "won": "count",
    "addressable": "count",
    "value_penetration": "number",
    "valued": "count",
    "arr": "number",
    "currency": "text",
    "definition": "text",
}
_DOUBTS: dict[str, Kind] = {**_WHAT, "count": "count", "doubt": "text", "side": "text"}
_LISTS = ("companies", "accounts", "owners", "segments", "regions")
_COMPANIES: dict[str, Kind] = {
    **_WHAT,
    **dict.fromkeys(("side", "name"), "text"),
    **dict.fromkeys(_LISTS, "text"),
    "reach": "text",
    "won": "flag",
    "value": "number",
    "arr": "number",
    "currency": "text",
    "unpriced": "count",
}


def sheet(board: Board, name: Name, zone: str) -> Sheet:
    """The table of that name; shares in 0-1."""
    what, market = _what(board.asked), board.market
    definition = board.metrics[0].definition
    if name == "cells":
        split = {"all": [market.whole], "segment": board.segments(), "region": board.regions(), "cell": market.cells}
        rows = [
            [*what, level, *_cell(one), market.currency, definition] for level, cells in split.items() for one in cells
        ]
        return made("market-cells", zone, _CELLS, rows)
    if name == "trend":
        rows = [
            [
                *(*what, one.day.isoformat(), one.penetration, one.won, one.addressable, one.value_penetration),
                *(one.valued, one.arr, market.currency, definition),
            ]
            for one in market.trend
        ]
        return made("market-trend", zone, _TREND, rows)
    return made("market-doubts", zone, _DOUBTS, [[*what, one.count, one.what, one.side] for one in market.doubts])


def companies(found: Sequence[Company], asked: Asked, currency: str, zone: str) -> Sheet:
    """One row a parent company; what it has several of is separated by semicolons."""
    rows: list[list[Value]] = [
        [
            *(*_what(asked), asked.side, one.name, *("; ".join(getattr(one, name)) for name in _LISTS)),
            *(one.reach, one.won, one.value, one.arr, currency, one.unpriced),
        ]
        for one in found
    ]
    return made("market-companies", zone, _COMPANIES, rows)


def _what(asked: Asked) -> list[Value]:
    return [asked.day.isoformat(), asked.known.isoformat() if asked.known else "", asked.words]


def _cell(one: Cell) -> list[Value]:
    counts = [getattr(one, name) for name in _COUNTS]
    figures = [one.penetration, one.low, one.high, one.arr, one.value, one.value_penetration, one.unvalued]
    return [one.segment, one.region, *counts, *figures]
