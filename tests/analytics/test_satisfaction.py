"""Scores equal plain sums over the answers that count; comments come page by page."""

from __future__ import annotations

import random
import statistics
import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from tests.analytics.usage import EXAMPLES, MOMENTS, Asked, Usage, fleets, local, who

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.satisfaction import Comments, Opinion, Satisfaction, Score
from lopan.catalog.product import Product, Scale, Survey
from lopan.errors import Rejected
from lopan.event import Event, Feedback

PRODUCT = Product(surveys=[Survey(id="after_order", scale="csat", title="Order"), Survey(id="stars", scale="rating")])
NOW = MOMENTS[3]
FILTERS: tuple[dict[str, str], ...] = ({}, {"role": "salesperson"}, {"release": "1.1"}, {"customer": "north"})


class Answer(NamedTuple):
    """One that counts."""

    survey: str
    scale: str
    event: Feedback


def fleet(now: datetime, draw: random.Random) -> list[Event]:
    """A hundred and thirty days of answers, some off their scale, some of nobody, some without a scale."""
    events: list[Event] = []
    for _ in range(draw.choice((40, 220))):
        at = now - timedelta(milliseconds=draw.randrange(130 * 86_400_000))
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
                event_id=str(uuid.uuid4()),
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


@EXAMPLES
@given(fleets)
def test_scores_are_exact(usage: Usage, drawn: tuple[str, datetime, int]) -> None:
    zone, now, seed = drawn
    draw = random.Random(seed)
    events = fleet(now, draw)
    last = local(now, zone) - timedelta(days=draw.choice((0, 3)))
    first = last - timedelta(days=draw.choice((0, 27, 60, 100)))
    audience = Audience(project="1", **draw.choice(FILTERS))
    axis, name = audience.axis
    found = usage.ask(
        events,
        PRODUCT,
        lambda asked: Satisfaction(asked.days, asked.readers, PRODUCT).opinions(Dates(first, last), audience),
        zone,
        now,
        draw,
        stored=0,
    )
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
    dates = Dates(NOW.date() - timedelta(days=6), NOW.date())

    def ask(product: Product = PRODUCT, survey: str = "after_order", scale: Scale = "csat") -> Opinion:
        async def opinion(asked: Asked) -> Opinion:
            said = Satisfaction(asked.days, asked.readers, product)
            return await said.opinion(scale, dates, Audience(project="1"), survey)

        return usage.ask(events, product, opinion, stored=0)

    return ask


@pytest.mark.parametrize(
    ("events", "n"),
    [
        pytest.param([answer(1, 5), answer(2, 4)], 2, id="two people"),
        pytest.param([answer(1, 5), answer(2, 4, user="u1")], 1, id="one, twice today"),
        pytest.param([answer(1, 5), answer(90 * 1440, 4, user="u1")], 1, id="again within 90 days"),
        pytest.param([answer(1, 5), answer(90 * 1440 + 1, 4, user="u1")], 2, id="again after 90 days"),
        pytest.param([answer(1, 5), answer(2, 4, user="u1", scale="nps")], 1, id="on another scale"),
        pytest.param([answer(n, 5, user="", event_id=str(uuid.uuid4())) for n in (1, 2)], 2, id="nobody, twice"),
    ],
)
def test_todays_answers_are_judged_by_earlier_ones(usage: Usage, events: list[Event], n: int) -> None:
    dates = Dates(NOW.date() - timedelta(days=99), NOW.date())

    async def opinion(asked: Asked) -> Opinion:
        return await Satisfaction(asked.days, asked.readers, PRODUCT).opinion("csat", dates, Audience(project="1"))

    assert usage.ask(events, PRODUCT, opinion, stored=0).score.n == n


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
    dates = Dates(NOW.date(), NOW.date())

    async def pages(asked: Asked) -> list[Comments]:
        said = Satisfaction(asked.days, asked.readers, PRODUCT)
        found = [await said.comments(dates, Audience(project="1"), limit=3)]
        while found[-1].after:
            found.append(await said.comments(dates, Audience(project="1"), after=found[-1].after, limit=3))
        found.append(await said.comments(dates, Audience(project="1", role="a"), limit=9))
        for wrong in ("x", "1.", "1" * 30 + ".a", "-1.a"):
            with pytest.raises(Rejected, match="after"):
                await said.comments(dates, after=wrong)
        return found

    *whole, by_role = usage.ask([*events, answer(9, 5)], PRODUCT, pages)
    texts = [comment.text for page in whole for comment in page.comments]
    assert texts == [f"<b>{number}</b>" for number in range(7)]
    assert [comment.text for comment in by_role.comments] == ["<b>1</b>", "<b>3</b>", "<b>5</b>"]
