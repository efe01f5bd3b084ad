"""Results: figures with their bars, as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any, Literal

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value; ``bar`` is the worst that is acceptable, ``aim`` what we want, both in ``unit``."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    aim: float | None = None
    better: Literal["lower", "higher"] = "lower"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None when there is none."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.better == "lower" else self.value >= self.bar


class Report(msgspec.Struct, frozen=True):
    """All figures of one bench."""

    bench: str
    figures: list[Figure]

    @property
    def met(self) -> bool:
        """No bar was missed."""
        return all(figure.met is not False for figure in self.figures)


def as_json(report: Report) -> bytes:
    """The report with its machine, one JSON object."""
    figures = [msgspec.to_builtins(figure) | {"met": figure.met} for figure in report.figures]
    whole = {"bench": report.bench, "machine": machine(), "met": report.met, "figures": figures}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def as_table(report: Report) -> str:
    """Aligned lines: value, bar and verdict of each figure."""
    rows: list[tuple[str, ...]] = [("", "measured", "bar", "aim", "")]
    for figure in report.figures:
        sign = "<=" if figure.better == "lower" else ">="
        limits = [f"{sign} {number(limit)}" if limit is not None else "" for limit in (figure.bar, figure.aim)]
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        rows.append((figure.name, f"{number(figure.value)} {figure.unit}".strip(), *limits, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    notes = ["", *(figure.note for figure in report.figures)]
    lines = [f"lopan bench {report.bench} ({', '.join(f'{k} {v}' for k, v in machine().items())})"]
    for row, note in zip(rows, notes, strict=True):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join([*cells, note]).rstrip())
    return "\n".join(lines)


def number(value: float) -> str:
    """Three significant digits, thousands separated."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machine() -> dict[str, Any]:
    """What the figures are true for."""
    return {
        "cores": os.cpu_count(),
        "arch": platform.machine(),
        "python": platform.python_version(),
        "lopan": version("lopan"),
    }
