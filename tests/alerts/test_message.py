from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lopan.alerts.message import Message, span


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        pytest.param({}, "Critical: App launch is slow (release 2.1.0), 3.21 s", id="firing"),
        pytest.param({"kind": "raised"}, "Now critical: App launch is slow (release 2.1.0), 3.21 s", id="raised"),
        pytest.param(
            {"kind": "lowered", "severity": "warning", "labels": {}},
            "Now only warning: App launch is slow, 3.21 s",
            id="lowered",
        ),
        pytest.param({"kind": "resolved"}, "Resolved: App launch is slow (release 2.1.0), 3.21 s", id="resolved"),
        pytest.param({"value": None, "labels": {}}, "Critical: App launch is slow, no data", id="no-data"),
        pytest.param({"value": 1.234, "unit": "%", "labels": {}}, "Critical: App launch is slow, 1.23 %", id="percent"),
        pytest.param(
            {"labels": {"release": "1\n2"}}, "Critical: App launch is slow (release 1 2), 3.21 s", id="line-break"
        ),
    ],
)
def test_subject(message: Message, changed: dict[str, Any], subject: str) -> None:
    assert msgspec.structs.replace(message, **changed).subject == subject


def test_facts_and_notes(message: Message) -> None:
    assert dict(message.facts)["Respond within"] == "15 min"
    end = msgspec.structs.replace(message, kind="resolved", reason="nodata", instead_of="slack failed: answered 404")
    assert dict(end.facts)["Lasted"] == "7 min"
    assert "Respond within" not in dict(end.facts)
    assert [note.split(" ")[0] for note in end.notes] == ["Sent", "No", "Definition:"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (45, "45 s"), (300, "5 min"), (5_400, "1 h 30 min"), (90_061, "1 d 1 h")]
)
def test_span(seconds: int, text: str) -> None:
    assert span(seconds) == text
