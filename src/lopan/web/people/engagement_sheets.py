"""The tables of the Engagement page as files: every row says whose it is and in which zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from lopan.web.export import Cell, Kind, Sheet
from lopan.web.export import sheet as make
from lopan.web.people.engagement_board import KINDS, Board, use_day

_PEOPLE: Mapping[str, Kind] = {"dau": "count", "wau": "count", "mau": "count", "stickiness": "number"}
_SESSIONS: Mapping[str, Kind] = {
    "number": "count",
    "singles": "count",
    "mean": "number",
    "median": "number",
    "mean_without": "number",
    "median_without": "number",
}


def sheet(board: Board, name: str, zone: str) -> Sheet:
    """The table of that name; shares in 0-1, durations in seconds."""
    whose: dict[str, Kind] = {"audience": "text", "time_zone": "text"}
    told = [board.query.audience.words, zone]
    kinds, rows = _content(board, name)
    return make(f"engagement-{name}", zone, {**whose, **kinds}, [[*told, *row] for row in rows])


def _content(board: Board, name: str) -> tuple[dict[str, Kind], list[list[Cell]]]:
    if name == "days":
        fields: dict[str, Kind] = {"day": "text", **_PEOPLE, "partial": "flag"}
        return {"side": "text", **fields}, [
            [label, *_cells(use_day(day), fields)] for label, side in board.sides().items() for day in side.days
        ]
    if name == "lifecycle":
        fields = {"begin": "text", "days": "count", "partial": "flag", **dict.fromkeys(KINDS, "number")}
        return fields, [_cells(period, fields) for period in board.lifecycle()]
    if name == "weeks":
        fields = {"monday": "text", "mean": "number", "days": "count", "partial": "flag", "growth": "number"}
        return fields, [_cells(week, fields) for week in board.weeks]
    if name == "sessions":
        rows = [
            [label, str(day.day), *_cells(day.figures, _SESSIONS), day.partial]
            for label, side in board.sides().items()
            for day in (side.sessions.days if side.sessions else [])
        ]
        return {"side": "text", "day": "text", **_SESSIONS, "partial": "flag"}, rows
    churn: dict[str, Kind] = {
        "churn": "number",
        "churn_low": "number",
        "churn_high": "number",
        "churn_n": "count",
    }
    kinds: dict[str, Kind] = {"key": "text", **_PEOPLE, **(churn if board.churns else {})}
    titled: dict[str, Kind] = {"by": "text", **kinds, **{f"sessions_{k}": kind for k, kind in _SESSIONS.items()}}
    blank: list[Cell] = [None] * len(_SESSIONS)
    return titled, [
        [board.query.by, *_cells(row, kinds), *(_cells(row.sessions, _SESSIONS) if row.sessions else blank)]
        for row in board.groups
    ]


def _cells(row: Any, fields: Mapping[str, Kind]) -> list[Cell]:
    values = (getattr(row, name) for name in fields)
    return [value.isoformat() if isinstance(value, date) else value for value in values]
