"""What an alert says to a person, worded once; a notifier only chooses the layout."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from lopan.alerts.rule import Severity

MessageKind = Literal["firing", "raised", "lowered", "resolved"]
_WORDS: dict[MessageKind, str] = {"firing": "", "raised": "now", "lowered": "now only", "resolved": "resolved"}
_UNITS = {"%": " %", "": "", "count": ""}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One page to one channel. ``id`` is the same in every attempt; ``thread`` in all messages of one alert.

    ``value``, ``threshold``, ``low`` and ``high`` are in ``unit``; ``response_minutes`` 0 = the playbook names none.
    """

    id: str
    thread: str
    kind: MessageKind
    severity: Severity
    alert_id: int
    rule: str
    title: str
    kpi: str
    labels: dict[str, str]
    reason: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    decimals: int
    op: str
    threshold: float
    window_s: int
    definition: str
    started_at: datetime
    fired_at: datetime | None
    at: datetime
    link: str
    playbook_title: str = ""
    playbook_link: str = ""
    response_minutes: int = 0
    instead_of: str = ""

    @property
    def subject(self) -> str:
        """One line without line breaks: severity, what, where, figure."""
        word = _WORDS[self.kind]
        head = "Resolved" if self.kind == "resolved" else " ".join(filter(None, (word, self.severity))).capitalize()
        where = f" ({self.place})" if self.labels else ""
        return one_line(f"{head}: {self.title}{where}, {self.figure}")

    @property
    def place(self) -> str:
        """The labels as text, "release 2.1.0"; empty for a rule without a dimension."""
        return one_line(", ".join(f"{name} {value}" for name, value in sorted(self.labels.items())))

    @property
    def figure(self) -> str:
        """The value with its unit, or "no data"."""
        return "no data" if self.value is None else self.quantity(self.value)

    def quantity(self, amount: float) -> str:
        """``amount`` rounded as the KPI asks, with the unit."""
        return f"{amount:.{self.decimals}f}{_UNITS.get(self.unit, f' {self.unit}')}"

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and text of what belongs in every layout, most important first."""
        interval = ""
        if self.low is not None and self.high is not None:
            interval = f" (95 %: {self.quantity(self.low)} to {self.quantity(self.high)})"
        facts = [
            ("Value", f"{self.figure}{interval}"),
            ("Threshold", f"{self.op} {self.quantity(self.threshold)}"),
            ("Samples", f"{self.n:,} in {span(self.window_s)}"),
            ("Since", f"{self.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ]
        if self.kind == "resolved":
            facts.append(("Lasted", span(round((self.at - (self.fired_at or self.started_at)).total_seconds()))))
        elif self.response_minutes:
            facts.append(("Respond within", span(self.response_minutes * 60)))
        return facts

    @property
    def notes(self) -> list[str]:
        """Sentences under the facts: where the figure came from, and why it is here."""
        notes = [f"Definition: {self.definition}"]
        if self.reason == "nodata":
            notes.insert(0, "No events arrive: the app, its network path or Lopan's intake may be down.")
        if self.instead_of:
            notes.insert(0, f"Sent here because {self.instead_of}")
        return notes


def one_line(text: str) -> str:
    """``text`` with every run of white space, line breaks included, as one blank."""
    return " ".join(text.split())


def span(length: int) -> str:
    """Seconds in words of at most two units: "5 min", "1 h 30 min", "45 s"."""
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        amount, length = divmod(length, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"
