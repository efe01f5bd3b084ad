"""The Satisfaction page: CSAT, NPS and ratings, each by itself, with who answers what, and what people write."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Final

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.audience import AXES
from lopan.analytics.intervals import Z95, z_means
from lopan.analytics.metric import Group, Metric
from lopan.analytics.reach import Response as Answered
from lopan.analytics.satisfaction import MIN_ANSWERS, Comment, Comments, Mood, Opinion, Said
from lopan.catalog.product import Role, Scale, titled
from lopan.control import directives
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, export, live, navigation, render
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.people import against, frame, sheets
from lopan.web.people.query import DEFAULT, DayQuery, parse
from lopan.web.shape import model

MOODS: Final[dict[Mood, str]] = {"": "All", "low": "Low", "middle": "Middle", "high": "High"}
PER_PAGE: Final = 15
ROWS: Final = 12
MOST_COMMENTS: Final = 10_000
"""In a file."""
_COMMENTS: Final = "userSatisfaction"
_OWN: Final = ("mood", "scale", "score", "after", against.FIELD)
_WEEK: Final = 7 * 86_400
_UNITS: Final[dict[Scale, tuple[str, int]]] = {"csat": ("", 2), "nps": ("points", 0), "rating": ("", 2)}
_LAST_SCORE: Final = 10

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class Asked(msgspec.Struct, frozen=True):
    """One survey with its response rate; None = no directive of Lopan ever asked it, so nobody knows who was asked."""

    opinion: Opinion
    response: Answered | None


class Opinions(msgspec.Struct, frozen=True):
    """All answers of each scale, then survey by survey."""

    scales: list[Opinion]
    surveys: list[Asked]


class Written(msgspec.Struct, frozen=True):
    """One page of comments; ``after`` asks for the next one, '' = that was the last."""

    comments: list[dict[str, str | float]]
    after: str


class Row(msgspec.Struct, frozen=True):
    """One role, release or customer with its group on each scale, None where it said nothing."""

    key: str
    title: str
    cells: list[Group | None]


class Board(msgspec.Struct, frozen=True):
    """All that the page shows about one query; ``comments`` None = not for this reader."""

    query: DayQuery
    told: Opinions
    figures: list[Metric]
    comments: Comments | None
    roles: Mapping[str, Role]

    @property
    def empty(self) -> bool:
        """True when nobody answered anything."""
        return not any(one.score.n for one in self.told.scales)

    @property
    def late(self) -> list[date]:
        """Days whose latest answers are not counted yet."""
        return self.told.scales[0].late

    @property
    def shown(self) -> list[tuple[Opinion, Metric]]:
        """The scales with a card: CSAT and NPS always, ratings when there are some."""
        pairs = zip(self.told.scales, self.figures, strict=True)
        return [(one, metric) for one, metric in pairs if one.score.n or one.scale != "rating"]

    @property
    def rows(self) -> list[Row]:
        """Who says what, most answers first, whoever is not stamped last."""
        metrics = [metric for _, metric in self.shown]
        groups = [{group.key: group for group in metric.groups} for metric in metrics]
        titles = {said.key: said.title for one, _ in self.shown for said in _said(one, self.query.by)}
        order = sorted(titles, key=lambda key: (not key, -max(by[key].n for by in groups if key in by), key))
        return [Row(key, titles[key], [by.get(key) for by in groups]) for key in order]

    @property
    def filtered(self) -> str:
        """Which comments are listed, in words; empty = all."""
        own = self.query.own
        return f"{own['scale']} {own['score']}" if own["score"] else own["mood"]

    def title(self, role: str) -> str:
        """A role as people call it."""
        return titled(self.roles.get(role), role) if role else "No role"

    def response(self, scale: Scale) -> list[Asked]:
        """Surveys of a scale that Lopan asked."""
        return [one for one in self.told.surveys if one.opinion.scale == scale and one.response is not None]


def _said(opinion: Opinion, by: str) -> list[Said]:
    return {"role": opinion.roles, "release": opinion.releases, "customer": opinion.customers}[by]


def figure(opinion: Opinion, parts: Parts, by: str = "role") -> Metric:
    """The scale as a card and a chart draw it, its course by week, its groups by one axis."""
    unit, decimals = _UNITS[opinion.scale]
    groups = [
        Group(said.key, said.score.value, said.score.n, said.status, said.score.low, said.score.high)
        for said in _said(opinion, by)
    ]
    return frame.metric(
        opinion.scale,
        opinion.title,
        opinion.score.value,
        opinion.score.n,
        frame.span(opinion.dates, parts),
        unit=unit,
        decimals=decimals,
        bounds=(opinion.score.low, opinion.score.high),
        goal=(opinion.target, opinion.warning, opinion.critical),
        status=opinion.status,
        trend=opinion.trend,
        previous=opinion.previous,
        definition=opinion.definition,
        description=opinion.question,
        least=MIN_ANSWERS,
        series=frame.by_week(opinion.series, parts),
        groups=groups,
        step=_WEEK,
    )


def read(request: Request) -> DayQuery:
    """The query in the address, with the comments that are wanted."""
    parts = parts_of(request)
    asked = parse(request.query_params, parts.clock.now(), parts.zone, AXES, _OWN)
    _mood(asked.own["mood"])
    _score(asked.own["scale"], asked.own["score"])
    against.read(asked)
    return asked


def _mood(text: str) -> Mood:
    found = next((mood for mood in MOODS if mood == text), None)
    if found is None:
        raise Rejected("mood", f"can be {', '.join(filter(None, MOODS))}, not {text[:20]!r}")
    return found


def _score(scale: str, score: str) -> int:
    """The score wanted, -1 = any; a score without its scale means nothing."""
    if scale not in ("", *_UNITS):
        raise Rejected("scale", f"can be {', '.join(_UNITS)}, not {scale[:20]!r}")
    if score and not (score.isdecimal() and int(score) <= _LAST_SCORE and scale):
        raise Rejected("score", f"is a number from 0 to {_LAST_SCORE} and needs scale; got {score[:20]!r}")
    return int(score) if score else -1


async def load(parts: Parts, principal: Principal, asked: DayQuery) -> Board:
    """Measure what ``principal`` may see."""
    told, comments = await asyncio.gather(
        _told(parts, asked), _comments(parts, principal, asked, asked.own.get("after", ""))
    )
    figures = await _compared(parts, asked, [figure(one, parts, asked.by) for one in told.scales])
    return Board(asked, told, figures, comments, frame.usage(parts).product.roles)


async def _compared(parts: Parts, asked: DayQuery, figures: list[Metric]) -> list[Metric]:
    other = against.read(asked)
    if other is None:
        return figures
    found = await frame.usage(parts).satisfaction.opinions(other.dates, other.audience)
    those = [figure(one, parts, asked.by) for one in found if not one.id]
    return [
        against.laid(parts, this, that, other.label, _z(this, that)) for this, that in zip(figures, those, strict=True)
    ]


def _z(this: Metric, that: Metric) -> float:
    """From the bounds at 95 %, on the side where the scale does not end."""
    if this.value is None or that.value is None:
        return 0.0
    return z_means(this.value - that.value, _error(this, this.value), _error(that, that.value))


def _error(metric: Metric, value: float) -> float | None:
    if metric.low is None or metric.high is None:
        return None
    return max(metric.high - value, value - metric.low) / Z95


async def _told(parts: Parts, asked: DayQuery) -> Opinions:
    found = await frame.usage(parts).satisfaction.opinions(asked.dates, asked.audience)
    surveys = [one for one in found if one.id]
    responses = await asyncio.gather(*(_response(parts, one.id, asked.audience.number) for one in surveys))
    held = [Asked(*pair) for pair in zip(surveys, responses, strict=True)]
    return Opinions(
        [one for one in found if not one.id],
        [one for one in held if one.opinion.score.n or one.response is not None],
    )


async def _response(parts: Parts, survey: str, project: int) -> Answered | None:
    """Of the newest directive that asked the survey."""
    if parts.reach is None:
        return None
    asking = await anyio.to_thread.run_sync(partial(directives.of_survey, parts.engine, survey, project))
    if not asking:
        return None
    newest = await anyio.to_thread.run_sync(directives.one, parts.engine, asking[-1])
    return await parts.reach.response(newest.project, newest.id, survey)


async def _comments(
    parts: Parts, principal: Principal, asked: DayQuery, after: str, limit: int = PER_PAGE
) -> Comments | None:
    if not access.may(principal, _COMMENTS):
        return None
    own = asked.own
    return await frame.usage(parts).satisfaction.comments(
        asked.dates,
        asked.audience,
        after=after,
        limit=limit,
        mood=_mood(own.get("mood", "")),
        scale=own.get("scale", ""),
        score=_score(own.get("scale", ""), own.get("score", "")),
    )


@router.get("/satisfaction")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """How satisfied people are, whether they would recommend the app, and what they write."""
    navigation.require(reader, navigation.SATISFACTION)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, reader, asked)
    context = await frame.around(request, reader, navigation.SATISFACTION, asked)
    context |= {"board": board, "moods": MOODS, "axes": AXES, "most": ROWS}
    context |= {"chart_data": frame.charted(parts, [metric for _, metric in board.shown], context["tools"].marks)}
    return render.page(request, "people/satisfaction.html", context, principal=reader)


@router.get("/satisfaction/{name}.{form}")
async def file(
    request: Request, reader: Annotated[Principal, Depends(signed_in)], name: str, form: export.Form
) -> Response:
    """Scores, answers by score, their course or the comments as a file."""
    navigation.require(reader, navigation.SATISFACTION)
    parts, asked = parts_of(request), read(request)
    if name not in ("scores", "answers", "weeks", "comments"):
        raise NotFound("name", f"there is no table {name[:40]!r}; there are scores, answers, weeks and comments")
    return await export.answer(request, await _table(parts, reader, asked, name), form)


async def _table(parts: Parts, reader: Principal, asked: DayQuery, name: str) -> export.Sheet:
    zone = parts.config.timezone
    if name == "comments":
        access.require(reader, _COMMENTS)
        return sheets.comments(await _every_comment(parts, reader, asked), zone)
    told = await _told(parts, asked)
    opinions = [*told.scales, *(one.opinion for one in told.surveys)]
    if name == "answers":
        return sheets.answers(opinions, asked.audience, zone)
    if name == "weeks":
        metrics = await _compared(parts, asked, [figure(one, parts) for one in told.scales])
        return sheets.course("satisfaction-weeks", metrics, asked.dates, asked.audience, zone)
    rates = {one.opinion.id: one.response.rate for one in told.surveys if one.response is not None}
    return sheets.scores(opinions, rates, asked.audience, zone)


async def _every_comment(parts: Parts, reader: Principal, asked: DayQuery) -> list[Comment]:
    """The newest MOST_COMMENTS."""
    found: list[Comment] = []
    after = ""
    while len(found) < MOST_COMMENTS:
        page = await _comments(parts, reader, asked, after, 200)
        if page is None:
            break
        found += page.comments
        after = page.after
        if not after:
            break
    return found


def watch(request: Request, principal: Principal) -> Look:
    """The live half: scores and their spread at once, groups and comments when they are asked for."""
    parts, drawing = parts_of(request), live.drawing(request, "people/satisfaction_parts.html")
    read(request)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, principal, read(request))
        drawn = {"verdict": drawing("verdict", board), "late": drawing("late", board.late)}
        for opinion, metric in board.shown:
            drawn[f"card-{metric.id}"] = drawing("card", board, opinion, metric)
            drawn[f"facts-{metric.id}"] = drawing("facts", opinion, metric)
            drawn[f"spread-{metric.id}"] = drawing("spread", board, opinion)
        if full:
            drawn |= {"groups": drawing("groups", board, ROWS), "surveys": drawing("surveys", board)}
            drawn["days"] = drawing("days", board)
        if board.comments is not None and not board.query.own["after"]:
            drawn["comments"] = drawing("comments", board)
        if not board.empty:
            drawn["full"] = "yes"
        metrics = [metric for _, metric in board.shown]
        drawn |= frame.versus(request, metrics)
        return Shown(drawn, {one.id: one.series for one in metrics}, {one.id: one for one in metrics})

    return look


_DAYS = Annotated[str, Query(description="The range: so many days that end today, or with `to`.")]
_SINCE = Annotated[str, Query(alias="from", description="The first day, instead of `days`.")]
_TO = Annotated[str, Query(description="The last day, included; today when left out.")]
_ROLE = Annotated[str, Query(description="Only answers given in this role.")]
_RELEASE = Annotated[str, Query(description="Only answers given with this release.")]
_CUSTOMER = Annotated[str, Query(description="Only answers given at this customer.")]
_PROJECT = Annotated[str, Query(description="Only the project of this number.")]


@machines.get("/satisfaction", response_model=model(Opinions))
async def satisfaction(
    request: Request,
    asker: Asker,
    days: _DAYS = DEFAULT,
    since: _SINCE = "",
    to: _TO = "",
    role: _ROLE = "",
    release: _RELEASE = "",
    customer: _CUSTOMER = "",
    project: _PROJECT = "",
) -> Response:
    """CSAT, NPS and ratings with n, interval and spread, overall, by survey, role, release and customer."""
    navigation.require(asker, navigation.SATISFACTION)
    given = {"days": days, "from": since, "to": to}
    given |= {"role": role, "release": release, "customer": customer, "project": project}
    parts = parts_of(request)
    return answer(request, await _told(parts, parse(given, parts.clock.now(), parts.zone)))


@machines.get("/satisfaction/comments", response_model=model(Written))
async def comments(
    request: Request,
    asker: Asker,
    days: _DAYS = DEFAULT,
    since: _SINCE = "",
    to: _TO = "",
    role: _ROLE = "",
    release: _RELEASE = "",
    customer: _CUSTOMER = "",
    project: _PROJECT = "",
    survey: Annotated[str, Query(description="Only comments on this survey.")] = "",
    mood: Annotated[str, Query(description="low (1-2, 0-6), middle (3, 7-8) or high (4-5, 9-10).")] = "",
    scale: Annotated[str, Query(description="csat, nps or rating.")] = "",
    score: Annotated[str, Query(description="Only this score; needs `scale`.")] = "",
    after: Annotated[str, Query(description="As the page before gave it.")] = "",
    limit: Annotated[int, Query(ge=1, le=200, description="Comments a page.")] = 50,
) -> Response:
    """What people wrote beside their scores, newest first; untrusted text."""
    access.require(asker, _COMMENTS)
    given = {"days": days, "from": since, "to": to}
    given |= {"role": role, "release": release, "customer": customer, "project": project}
    parts = parts_of(request)
    asked = parse(given, parts.clock.now(), parts.zone)
    found = await frame.usage(parts).satisfaction.comments(
        asked.dates, asked.audience, survey, after, limit, mood=_mood(mood), scale=scale, score=_score(scale, score)
    )
    return answer(request, Written([_plain(one) for one in found.comments], found.after))


def _plain(comment: Comment) -> dict[str, str | float]:
    return {**comment._asdict(), "at": comment.at.isoformat()}
