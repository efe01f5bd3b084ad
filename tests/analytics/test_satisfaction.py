"""Scores equal plain sums over the answers that count; comments come page by page."""

from __future__ import annotations

import random
import statistics
import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from tests.analytics.usage import MOMENTS, At, Usage, fleets, local, who

from lopan.analytics.satisfaction import Comments, Opinion, Satisfaction, Score
from lopan.analytics.scope import Scope
from lopan.catalog.product import Product, Scale, Survey
from lopan.errors import Rejected
from lopan.event import Event, Feedback

PRODUCT = Product(surveys=[Survey(id="after_order", scale="csat", title="Order"), Survey(id="stars", scale="rating")])
NOW = MOMENTS[3]


class Answer(NamedTuple):
    """One that counts."""

    survey: str
    scale: str
    event: Feedback


def fleet(now: datetime, draw: random.Random) -> list[Event]:
    """Two hundred days of answers, some off their scale, some of nobody, some without a scale."""
    events: list[Event] = []
    for _ in range(draw.choice((40, 220))):
        at = now - timedelta(milliseconds=draw.randrange(200 * 86_400_000))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        survey, scale = draw.choice(
            (
                ("after_order", "csat"),
                ("after_order", ""),
                ("stars", "rating"),
                ("nps", "NPS"),
                ("home", "csat"),
                ("home", ""),
            )
        )
        base = who(draw, 30)
        if draw.random() < 0.1:
            base |= {"user": "", "install": ""}
        score = draw.randrange(0, 11) if scale == "NPS" else draw.choice((0, 1, 2, 3, 4, 4, 5, 5, 4.5, 7))
        events.append(
            Feedback(
                **base,
                time=at,
                survey=survey,
                scale=scale,
                score=score,
                event_id=str(uuid.UUID(int=draw.getrandbits(128))),
            )
        )
    return events


def counted(events: list[Event]) -> list[Answer]:
    """The first answer of a person, and then none for 90 days; by survey, and over all of a scale."""
    chains: dict[Any, list[Feedback]] = defaultdict(list)
    for number, event in enumerate(events):
        assert isinstance(event, Feedback)
        scale = event.scale.lower() or {"after_order": "csat", "stars": "rating"}.get(event.survey, "")
        if not scale or not (0 <= event.score <= 10 if scale == "nps" else 1 <= event.score <= 5):
            continue
        person = event.user or (f"install {event.install}" if event.install else number)
        for survey in ("", event.survey):
            chains[survey, scale, person].append(event)
    answers = []
    for (survey, scale, _), chain in chains.items():
        kept: list[Feedback] = []
        for event in sorted(chain, key=lambda one: (one.time, one.score, one.role, one.release, one.customer)):
            if not kept or event.time - kept[-1].time >= timedelta(days=90):
                kept.append(event)
        answers += [Answer(survey, scale, event) for event in kept]
    return answers


def check(score: Score, scale: str, scores: list[float]) -> None:
    assert score.n == len(scores)
    if not scores:
        assert (score.value, score.top, score.judged) == (None, None, None)
    elif scale == "nps":
        promoters, detractors = sum(one >= 9 for one in scores), sum(one <= 6 for one in scores)
        assert (score.promoters, score.detractors) == (promoters, detractors)
        assert score.passives == len(scores) - promoters - detractors
        assert score.value == pytest.approx(100 * (promoters - detractors) / len(scores))
    else:
        assert score.value == pytest.approx(statistics.mean(scores))
        assert score.top == pytest.approx(100 * sum(one >= 4 for one in scores) / len(scores))
        assert sum(count for _, count in score.spread) == len(scores)


@settings(max_examples=16)
@given(fleets)
def test_scores_are_exact(usage: Usage, drawn: tuple[str, datetime, int]) -> None:
    zone, now, seed = drawn
    draw = random.Random(seed)
    events = fleet(now, draw)
    project = usage.put(events, draw)
    last = local(now, zone) - timedelta(days=draw.choice((0, 3)))
    first = last - timedelta(days=draw.choice((0, 27, 60, 100)))
    axis = draw.choice(("", "role", "release", "customer"))
    name = {"": "", "role": "salesperson", "release": "1.1", "customer": "north"}[axis]
    scope = Scope(project, axis, name)  # type: ignore[arg-type]
    found = usage.ask(lambda readers: Satisfaction(readers, PRODUCT, At(now), zone).opinions(first, last, scope))
    answers = [one for one in counted(events) if not axis or getattr(one.event, axis) == name]
    earlier = first - (last - first) - timedelta(days=1)
    for opinion in found:
        mine = [one for one in answers if (one.survey, one.scale) == (opinion.id, opinion.scale)]
        days = [(local(one.event.time, zone), one.event) for one in mine]
        inside = [event for day, event in days if first <= day <= last]
        check(opinion.score, opinion.scale, [event.score for event in inside])
        for said in opinion.roles:
            check(said.score, opinion.scale, [event.score for event in inside if event.role == said.key])
        assert sum(point.n for point in opinion.series) == len(inside)
        if opinion.scale == "nps":
            continue
        before = [event.score for day, event in days if earlier <= day < first]
        assert opinion.previous == (pytest.approx(statistics.mean(before)) if before else None)
        history = [event.score for day, event in days if day < first]
        prior = statistics.mean(history) if len(history) >= 30 else opinion.target
        assert opinion.prior == (None if prior is None else pytest.approx(prior))
        if prior is not None and inside:
            shrunk = (sum(event.score for event in inside) + 5 * prior) / (len(inside) + 5)
            assert opinion.score.shrunk == pytest.approx(shrunk)
            assert opinion.score.judged == pytest.approx(shrunk if len(inside) < 30 else opinion.score.value)
    seen = {(one.survey, one.scale) for one in answers if first <= local(one.event.time, zone) <= last}
    assert seen <= {(opinion.id, opinion.scale) for opinion in found}


def answer(number: int, score: float, **own: Any) -> Event:
    base: dict[str, Any] = {"user": f"u{number}", "survey": "after_order", "scale": "csat"} | own
    return Feedback(time=NOW - timedelta(minutes=number + 1), score=score, **base)


def put(usage: Usage, *events: Event) -> Any:
    project = usage.put(events, random.Random(0))

    def ask(product: Product = PRODUCT, survey: str = "after_order", scale: Scale = "csat") -> Opinion:
        return usage.ask(
            lambda readers: Satisfaction(readers, product, At(NOW)).opinion(
                scale, NOW.date() - timedelta(days=6), NOW.date(), Scope(project), survey
            )
        )

    return ask


@pytest.mark.parametrize(
    ("scores", "status"),
    [
        pytest.param([1, 1], "warning", id="few: (2 + 22.5) / 7 = 3.5"),
        pytest.param([1, 1, 1], "critical", id="few but clear: 25.5 / 8"),
        pytest.param([1], "warning", id="one voice is drawn to the prior: 23.5 / 6"),
        pytest.param([4] * 30 + [3] * 9, "warning", id="enough: the mean itself"),
        pytest.param([5] * 40, "exceeding", id="exceeding"),
        pytest.param([], "no data", id="nobody"),
    ],
)
def test_thresholds_of_csat(usage: Usage, scores: list[float], status: str) -> None:
    found = put(usage, *(answer(number, score) for number, score in enumerate(scores)))()
    assert (found.target, found.warning, found.critical) == (4.5, 4.0, 3.5)
    assert found.status == status
    assert found.score.enough == (len(scores) >= 30)


def test_a_survey_takes_no_code(usage: Usage) -> None:
    """Without an entry it shows under the scale that was sent; an entry gives question, scale and thresholds."""
    asked = put(usage, answer(1, 3, survey="onboarding", scale=""), answer(2, 4, survey="onboarding"))
    assert asked(survey="onboarding").score.n == 1
    survey = Survey(id="onboarding", scale="csat", title="First steps", question="Well begun?", target=3, warning=2)
    found = asked(Product(surveys=[survey]), survey="onboarding")
    assert (found.title, found.question, found.score.value) == ("First steps", "Well begun?", 3.5)
    assert (found.target, found.warning, found.critical) == (3, 2, None)


def test_comments_come_page_by_page_newest_first(usage: Usage) -> None:
    events = [answer(number, 3, comment=f"<b>{number}</b>", role="a" if number % 2 else "b") for number in range(7)]
    project = usage.put([*events, answer(9, 5)], random.Random(0))

    def page(after: str = "", scope: Scope = Scope(project), limit: int = 3) -> Comments:
        day = NOW.date()
        return usage.ask(
            lambda readers: Satisfaction(readers, PRODUCT, At(NOW)).comments(day, day, scope, after=after, limit=limit)
        )

    texts: list[str] = []
    found = page()
    while True:
        texts += [comment.text for comment in found.comments]
        if not found.after:
            break
        found = page(found.after)
    assert texts == [f"<b>{number}</b>" for number in range(7)]
    assert [comment.text for comment in page(scope=Scope(project, "role", "a"), limit=9).comments] == [
        "<b>1</b>", "<b>3</b>", "<b>5</b>",
    ]  # fmt: skip
    for wrong in ("x", "1.", "1" * 30 + ".a", "-1.a"):
        with pytest.raises(Rejected, match="after"):
            page(wrong)
