"""How finely a range is drawn."""

from __future__ import annotations

from lopan.analytics.metric import Span

STEPS = (10, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 86_400)
POINTS = 61


def step_for(span: Span) -> int:
    """Seconds a bucket: the finest step with at most 61 points; a day for anything longer."""
    return next((step for step in STEPS if span.seconds / step <= POINTS), STEPS[-1])
