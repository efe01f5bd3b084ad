from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lopan.errors import Rejected
from lopan.event import Feedback
from lopan.ingest.sentry import error, feedback
from lopan.ingest.sentry.fields import Sending


def read(context: dict[str, Any], tags: dict[str, Any]) -> Feedback:
    sent = {"contexts": {"feedback": context}, "tags": tags}
    sending = Sending(datetime(2026, 11, 22, 12, tzinfo=UTC))
    (event,) = feedback.read(error.decode(json.dumps(sent).encode()), sending, "")
    assert isinstance(event, Feedback)
    return event


@pytest.mark.parametrize(
    ("context", "tags", "scale", "score"),
    [
        ({"score": 4, "scale": "csat"}, {}, "csat", 4.0),
        ({"rating": 5}, {}, "rating", 5.0),
        ({}, {"nps": "10"}, "nps", 10.0),
        ({}, {"csat": 3}, "csat", 3.0),
        ({}, {"score": "8", "scale": "nps"}, "nps", 8.0),
        ({}, {"csat": "fine", "rating": "2"}, "rating", 2.0),
    ],
)
def test_where_a_score_is_found(context: dict[str, Any], tags: dict[str, Any], scale: str, score: float) -> None:
    event = read(context | {"message": "so"}, tags | {"survey": "s"})
    assert (event.scale, event.score, event.comment, event.survey) == (scale, score, "so", "s")


@pytest.mark.parametrize(
    ("context", "tags"),
    [({"message": "x"}, {}), ({}, {"csat": "6"}), ({}, {"nps": "-1"}), ({}, {"score": "nan"}), ({"score": 101}, {})],
)
def test_without_a_score_on_its_scale_there_is_no_feedback(context: dict[str, Any], tags: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="score"):
        read(context, tags)
