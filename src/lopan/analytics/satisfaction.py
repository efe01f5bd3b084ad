"""What users say: CSAT, NPS and ratings with n and bound, one answer a person in 90 days, and their comments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates, begin, monday
from lopan.analytics.daily import Daily, over, statement
from lopan.analytics.days import Days
from lopan.analytics.features import share
from lopan.analytics.intervals import normal, standard_error, wilson, z_means
from lopan.analytics.metric import Point, Status, Trend
from lopan.analytics.status import Goal, status, trend
from lopan.catalog.product import Product, Scale, Survey, titled
from lopan.errors import Rejected
from lopan.store import Param, Readers

MIN_ANSWERS = 30
"""Below it the shrunk mean is judged in place of the mean, and no trend is claimed."""

CSAT = (4.5, 4.0, 3.5)
"""Target, warning and critical of a mean of 1-5, where a survey sets no others."""

Mood = Literal["", "low", "middle", "high"]
SCALES: tuple[Scale, ...] = ("csat", "nps", "rating")

_WEIGHT = 5
_BY_WEEK_DAYS = 35
_PAGE = 200
_NOTHING: Mapping[str, Any] = {"n": 0, "total": 0.0, "squares": 0.0, "top": 0, "promoters": 0, "detractors": 0}

Rows = Mapping[tuple[str, str], Mapping[str, Any]]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """``value`` is the mean of 1-5, or for nps promoters less detractors in points; ``low`` to ``high`` at 95 %.

    ``top`` is the share of 4-5 in per cent with its bounds; ``promoters`` (9-10), ``passives`` and ``detractors``
    (0-6) are counts. ``spread``: (score, answers). ``shrunk`` = (sum + 5 x prior) / (n + 5), nps has none; ``judged``
    is what the status goes by: the value from 30 answers on, below it the shrunk mean. ``squares``: sum of the squares
    of what ``value`` is the mean of.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None
    top: float | None
    top_low: float | None
    top_high: float | None
    promoters: int
    passives: int
    detractors: int
    spread: list[tuple[int, int]]
    shrunk: float | None
    judged: float | None
    squares: float
    enough: bool


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The score of one role, release or customer, as stamped on the answer."""

    key: str
    title: str
    score: Score
    status: Status


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """One survey, or with ``id`` '' all surveys of ``scale``, over ``dates``.

    ``previous`` is the value of as many days before, ``prior`` the mean that a small sample is drawn to: that of all
    earlier answers, or the target where they are fewer than 30. The latest answers of the days ``late`` are not counted
    yet.
    """

    id: str
    title: str
    question: str
    scale: Scale
    dates: Dates
    definition: str
    target: float | None
    warning: float | None
    critical: float | None
    score: Score
    status: Status
    prior: float | None
    previous: float | None
    change: float | None
    trend: Trend
    roles: list[Said]
    releases: list[Said]
    customers: list[Said]
    series: list[Point]
    late: list[date]


class Comment(NamedTuple):
    """What somebody wrote beside a score; untrusted text."""

    at: datetime
    survey: str
    scale: str
    score: float
    text: str
    role: str
    release: str
    customer: str


class Comments(NamedTuple):
    """One page of comments; ``after`` asks for the next one, '' = that was the last."""

    comments: list[Comment]
    after: str


class Satisfaction:
    """Answers of the days, by the definitions of ``product``; comments come from raw events."""

    def __init__(self, days: Days, readers: Readers, product: Product) -> None:
        self._days = days
        self._readers = readers
        self._product = product
        self._daily = daily(product)

    async def opinions(self, dates: Dates, audience: Audience = Audience()) -> list[Opinion]:
        """All of each scale (csat, nps, rating), then survey by survey: defined ones first, others as they came."""
        dates = self._past(dates)
        found, late = await self._found(dates, audience)
        defined = [(survey.id, survey.scale) for survey in self._product.surveys.values()]
        others = [(name, scale) for scale in SCALES for name in sorted({name for name, _ in found if name})]
        seen = [key for key in others if key in found and key not in defined]
        keys = [*(("", scale) for scale in SCALES), *defined, *seen]
        return [self._opinion(name, scale, found.get((name, scale), {}), dates, late) for name, scale in keys]

    async def opinion(self, scale: Scale, dates: Dates, audience: Audience = Audience(), survey: str = "") -> Opinion:
        """One survey, or all of ``scale``; without answers its score is None."""
        dates = self._past(dates)
        found, late = await self._found(dates, audience, scale)
        return self._opinion(survey, scale, found.get((survey, scale), {}), dates, late)

    async def comments(
        self,
        dates: Dates,
        audience: Audience = Audience(),
        survey: str = "",
        after: str = "",
        limit: int = 50,
        *,
        mood: Mood = "",
        scale: str = "",
        score: int = -1,
    ) -> Comments:
        """Newest first, at most 200 a page; ``after`` as the page before gave it. Raises Rejected for another.

        ``mood``: low = 1-2 or 0-6, middle = 3 or 7-8, high = 4-5 or 9-10. ``score`` -1 = any, else its whole number.
        """
        limit = max(1, min(limit, _PAGE))
        at, _, number = after.partition(".")
        if after and not (at.isdecimal() and len(at) < 19 and number):
            raise Rejected("after", "is what the page before gave as `after`")
        params = {
            **self._asked(dates, audience),
            "survey": survey,
            "mood": mood,
            "scale": scale,
            "score": score,
            "before_at": int(at or 0),
            "before_id": number,
            "limit": limit + 1,
        }
        rows = (await self._readers.rows(statement("comments"), params)).to_pylist()
        page = rows[:limit]
        following = f"{page[-1]['at']}.{page[-1]['id']}" if len(rows) > limit else ""
        return Comments([_comment(row) for row in page], following)

    def _past(self, dates: Dates) -> Dates:
        last = min(dates.last, self._days.today())
        return Dates(min(dates.first, last), last)

    def _asked(self, dates: Dates, audience: Audience) -> dict[str, Param]:
        axis, name = audience.axis
        start, end = begin(dates.first, self._days.zone), begin(dates.last + DAY, self._days.zone)
        return {"start": start, "end": end, "project": audience.number, "axis": axis, "name": name}

    async def _found(
        self, dates: Dates, audience: Audience, only: Scale | Literal[""] = ""
    ) -> tuple[dict[tuple[str, str], dict[tuple[str, str], Any]], list[date]]:
        source = await self._days.rows(self._daily, Dates(date.min, dates.last), audience.number)
        params: dict[str, Param] = {
            **source.params,
            **self._asked(dates, audience),
            "only": only,
            "before": begin(dates.first - DAY * len(dates), self._days.zone),
            "by_week": _by_week(dates),
        }
        found: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
        sql = over("answered", source.sql, "satisfaction", answers=statement("answers"))
        for row in (await self._readers.rows(sql, params, lasting=source.lasting)).to_pylist():
            found.setdefault((row["survey"], row["scale"]), {})[row["axis"], row["name"]] = row
        return found, source.late

    def _opinion(self, name: str, scale: Scale, rows: Rows, dates: Dates, late: list[date]) -> Opinion:
        defined = self._product.surveys.get(name)
        if defined is not None and defined.scale != scale:
            defined = None
        goal = _goal(defined, scale)
        now, before = rows.get(("", ""), _NOTHING), rows.get(("before", ""), _NOTHING)
        prior = _prior(rows.get(("history", ""), _NOTHING), goal, scale)
        score, previous = _score(now, scale, prior), _mean(before)
        change = score.value - previous if score.value is not None and previous is not None else None
        errors = (standard_error(row["total"], row["squares"], row["n"]) for row in (now, before))
        enough = min(now["n"], before["n"]) >= MIN_ANSWERS
        return Opinion(
            id=name,
            title=titled(defined, name) if name else _TITLES[scale],
            question=defined.question if defined else "",
            scale=scale,
            dates=dates,
            definition=_DEFINITIONS[scale],
            target=goal.target,
            warning=goal.warning,
            critical=goal.critical,
            score=score,
            status=status(goal, score.judged),
            prior=prior,
            previous=previous,
            change=change,
            trend=trend(goal, change or 0.0, abs(previous or 0.0), z_means(change or 0.0, *errors), enough=enough),
            roles=self._said(rows, "role", scale, prior, goal),
            releases=self._said(rows, "release", scale, prior, goal),
            customers=self._said(rows, "customer", scale, prior, goal),
            series=self._series(rows, dates),
            late=late,
        )

    def _said(self, rows: Rows, axis: str, scale: Scale, prior: float | None, goal: Goal) -> list[Said]:
        """Most answers first; one not stamped comes last."""
        said = []
        for name in (name for found, name in rows if found == axis):
            score = _score(rows[axis, name], scale, prior)
            title = titled(self._product.roles.get(name), name) if axis == "role" else name
            said.append(Said(key=name, title=title, score=score, status=status(goal, score.judged)))
        return sorted(said, key=lambda one: (not one.key, -one.score.n, one.key))

    def _series(self, rows: Rows, dates: Dates) -> list[Point]:
        """By day, beyond 35 days by ISO week; a week that the range or today cuts is partial."""
        complete = min(dates.last, self._days.today() - DAY)
        length = 7 if _by_week(dates) else 1
        day = monday(dates.first) if length == 7 else dates.first
        points = []
        while day <= dates.last:
            row = rows.get(("time", day.isoformat()), _NOTHING)
            cut = day < dates.first or day + DAY * (length - 1) > complete
            points.append(Point(begin(day, self._days.zone), _mean(row), row["n"], cut))
            day += DAY * length
        return points


def daily(product: Product) -> Daily:
    """The table of the days, with the scales of the surveys that it depends on."""
    return Daily(
        table="answer_days",
        columns=("survey", "scale", "person", "anonymous", "at", "score", "role", "release", "customer"),
        params={
            "surveys": list(product.surveys),
            "scales": [str(survey.scale) for survey in product.surveys.values()],
        },
    )


_TITLES: Mapping[str, str] = {"csat": "Satisfaction (CSAT)", "nps": "Net promoter score", "rating": "Rating"}
_RULE = "the first answer of a person, and then none for 90 days"
_DEFINITIONS: Mapping[str, str] = {
    "csat": f"mean of scores 1-5 over n answers; {_RULE}",
    "nps": f"100 x (answers of 9-10 - answers of 0-6) / n answers; {_RULE}",
    "rating": f"mean of scores 1-5 over n answers; {_RULE}",
}


def nobody(key: str) -> Said:
    """Someone of whom no answer came."""
    return Said(key=key, title=titled(None, key), score=_score(_NOTHING, "csat", None), status="no data")


def _by_week(dates: Dates) -> bool:
    return len(dates) > _BY_WEEK_DAYS


def _goal(survey: Survey | None, scale: Scale) -> Goal:
    """The thresholds of the survey; a csat without any has those of CSAT."""
    given = (survey.target, survey.warning, survey.critical) if survey else (None, None, None)
    return Goal("", *(CSAT if scale == "csat" and given == (None, None, None) else given))


def _mean(row: Mapping[str, Any]) -> float | None:
    return row["total"] / row["n"] if row["n"] else None


def _prior(history: Mapping[str, Any], goal: Goal, scale: Scale) -> float | None:
    if scale == "nps":
        return None
    return _mean(history) if history["n"] >= MIN_ANSWERS else goal.target


def _score(row: Mapping[str, Any], scale: Scale, prior: float | None) -> Score:
    n, value = int(row["n"]), _mean(row)
    bound = normal(value, row["total"], row["squares"], n) if value is not None else None
    of_nps = scale == "nps"
    least, most = (-100.0, 100.0) if of_nps else (1.0, 5.0)
    top = None if of_nps else wilson(row["top"], n)
    promoters, detractors = (int(row["promoters"]), int(row["detractors"])) if of_nps else (0, 0)
    shrunk = (row["total"] + _WEIGHT * prior) / (n + _WEIGHT) if n and prior is not None else None
    return Score(
        n=n,
        value=value,
        low=max(least, bound.low) if bound else None,
        high=min(most, bound.high) if bound else None,
        top=None if of_nps else share(int(row["top"]), n),
        top_low=100 * top.low if top else None,
        top_high=100 * top.high if top else None,
        promoters=promoters,
        passives=n - promoters - detractors if of_nps else 0,
        detractors=detractors,
        spread=[(int(score), int(count)) for score, count in zip(*row["spread"].values(), strict=True)] if n else [],
        shrunk=shrunk,
        squares=float(row["squares"]),
        judged=value if n >= MIN_ANSWERS or shrunk is None else shrunk,
        enough=n >= MIN_ANSWERS,
    )


def _comment(row: Mapping[str, Any]) -> Comment:
    names = ("survey", "scale", "score", "comment", "role", "release", "customer")
    return Comment(datetime.fromtimestamp(row["at"] / 1000, UTC), *(row[name] for name in names))
