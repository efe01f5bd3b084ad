"""Who hears of a change: severity to kinds of channel, and the message they get."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from lopan.alerts.message import Message, MessageKind
from lopan.alerts.playbook import Playbook
from lopan.alerts.rule import Severity

ROUTES: dict[Severity, tuple[str, ...]] = {
    "critical": ("slack", "email", "webhook"),
    "warning": ("slack", "webhook"),
    "info": (),
}
PRIORITY: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
_MESSAGES: dict[str, MessageKind] = {
    "firing": "firing",
    "raised": "raised",
    "lowered": "lowered",
    "resolved": "resolved",
}


class Destination(msgspec.Struct, frozen=True):
    """A configured channel as routing sees it: its unique ``name`` and its ``kind`` (slack, email, webhook)."""

    name: str
    kind: str


class Dispatch:
    """Routes by severity as the document says: critical to every channel at once, warning to the team, info nowhere."""

    def __init__(self, channels: Sequence[Destination], url: str, playbooks: Mapping[str, Playbook]) -> None:
        self.channels = tuple(channels)
        self._url = url.rstrip("/")
        self._playbooks = playbooks

    def route(self, kind: MessageKind, severity: Severity, heard: Collection[str]) -> list[str]:
        """Names of the channels; the end of an alert goes to all that ``heard`` of it."""
        if kind == "resolved":
            return [channel.name for channel in self.channels if channel.name in heard]
        return [channel.name for channel in self.channels if channel.kind in ROUTES[severity]]

    def next(self, tried: Collection[str], dead: Collection[str]) -> str | None:
        """The channel that steps in for one that fails: the first untried one, live ones before dead ones."""
        left = [channel.name for channel in self.channels if channel.name not in tried]
        return next((name for name in left if name not in dead), left[0] if left else None)

    def message(self, change: str, row: Mapping[str, Any], at: datetime) -> Message | None:
        """The message for a history line of kind ``change``, or None when nobody is to be disturbed by it."""
        kind = _MESSAGES.get(change)
        if kind is None or row["fired_at"] is None:
            return None
        playbook = self._playbooks.get(row["playbook"])
        return Message(
            id="",
            thread=f"{row['id']}-{row['started_at']:%Y%m%d%H%M%S}",
            kind=kind,
            alert_id=row["id"],
            labels=msgspec.json.decode(row["labels"], type=dict[str, str]),
            at=at,
            link=f"{self._url}/alerts/{row['id']}",
            playbook_title=playbook.title if playbook else "",
            playbook_link=f"{self._url}/playbooks/{playbook.id}" if playbook else "",
            response_minutes=playbook.response_minutes if playbook and row["severity"] == "critical" else 0,
            **{name: row[name] for name in _COPIED},
        )


_COPIED = (
    "severity",
    "rule",
    "title",
    "kpi",
    "reason",
    "value",
    "low",
    "high",
    "n",
    "unit",
    "decimals",
    "op",
    "threshold",
    "window_s",
    "definition",
    "started_at",
    "fired_at",
)
