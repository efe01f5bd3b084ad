"""Feedback of people; Sentry's own form has no score, apps add one in the context or as a tag."""

from __future__ import annotations

from lopan.errors import Rejected
from lopan.event import Event, Feedback
from lopan.ingest.sentry import fields, wire
from lopan.ingest.sentry.fields import Sending

_LIMITS = {"nps": 10.0, "csat": 5.0, "rating": 5.0}
_HIGHEST = 100.0


def read(event: wire.Event, sending: Sending, fallback: str) -> list[Event]:
    """One Feedback; raises Rejected when nobody gave a score, or one off its scale."""
    context = (event.contexts and event.contexts.feedback) or wire.FeedbackContext()
    tagged = dict(fields.tags(event.tags))
    scale, score = _score(context, tagged)
    identity = fields.event_id(event.event_id or fallback)
    shared = fields.common(event, identity, fields.moment(event.timestamp, sending))
    return [
        Feedback(
            **shared,
            attributes=fields.attributes(event),
            survey=fields.word(tagged.get("survey")) or "feedback",
            scale=scale,
            score=score,
            comment=(context.message or "")[: fields.TEXT],
        )
    ]


def _score(context: wire.FeedbackContext, tagged: dict[str, wire.Scalar]) -> tuple[str, float]:
    told = fields.word(context.scale or tagged.get("scale"))
    given: list[tuple[str, wire.Scalar]] = [(told, context.score), (told or "rating", context.rating)]
    given += [(told or scale, tagged.get(scale)) for scale in _LIMITS] + [(told, tagged.get("score"))]
    for scale, value in given:
        if value is None or isinstance(value, bool):
            continue
        try:
            score = float(value)
        except (ValueError, OverflowError):
            continue
        highest = _LIMITS.get(scale, _HIGHEST)
        if not 0 <= score <= highest:
            raise Rejected("score", f"{score} is not on the scale of 0 to {highest:g}")
        return scale, score
    raise Rejected("score", "is missing: add it as contexts.feedback.score or as the tag csat, nps or rating")
