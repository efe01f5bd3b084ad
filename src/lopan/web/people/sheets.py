"""What the pages about usage show, as tables for export: every row says what it is, of which days, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lopan.analytics.accounts import AccountsAdopted
from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.features import Adopted
from lopan.analytics.metric import Metric, Point
from lopan.analytics.roles import RoleReport
from lopan.analytics.satisfaction import Comment, Opinion, Score
from lopan.analytics.workflows import Funnel, WorkflowUse
from lopan.web.export import Cell, Kind, Sheet, sheet

_WHAT: dict[str, Kind] = {"first_day": "text", "last_day": "text", "time_zone": "text", "filters": "text"}
_NUMBERS: dict[str, Kind] = {"value": "number", "low": "number", "high": "number"}
_ADOPTION = ("value", "low", "high", "closed", "previous", "change", "tried_share", "retained")
_PEOPLE = ("people", "done", "tried", "could_return", "returned", "uses")
_SAID = ("top", "top_low", "top_high", "shrunk")
_GROUPS = ("promoters", "passives", "detractors")


def _what(dates: Dates, audience: Audience, zone: str) -> list[Cell]:
    project = f", project {audience.project}" if audience.project else ""
    return [dates.first.isoformat(), dates.last.isoformat(), zone, audience.words + project]


def adoption(adopted: Adopted) -> Sheet:
    """One row a feature and role, overall first ('' = all roles); shares in per cent, changes in points."""
    kinds: dict[str, Kind] = {**_WHAT, "feature": "text", "title": "text", "definition": "text", "core": "flag"}
    kinds |= {"target": "number", "role": "text", **_numbers(_ADOPTION), **dict.fromkeys(_PEOPLE, "count")}
    kinds |= {"enough": "flag", "status": "text", "trend": "text"}
    what = _what(adopted.dates, adopted.audience, adopted.zone)
    rows: list[list[Cell]] = []
    for feature in adopted.features:
        about: list[Cell] = [feature.id, feature.title, feature.definition, feature.core, feature.target]
        for one in [feature.overall, *feature.roles]:
            told: list[Cell] = [getattr(one, name) for name in (*_ADOPTION, *_PEOPLE)]
            rows.append([*what, *about, one.role, *told, one.enough, one.status, one.trend])
    return sheet("features-adoption", adopted.zone, kinds, rows)


def accounts(adopted: AccountsAdopted) -> Sheet:
    """One row a feature: the share of accounts that completed it, in per cent."""
    kinds: dict[str, Kind] = {**_WHAT, "id": "text", "title": "text", "definition": "text", "core": "flag"}
    kinds |= {**_NUMBERS, "accounts": "count", "done": "count", "enough": "flag"}
    what = _what(adopted.dates, adopted.audience, adopted.zone)
    rows: list[list[Cell]] = [
        [*what, *(getattr(one, name) for name in list(kinds)[len(_WHAT) :])] for one in adopted.features
    ]
    return sheet("features-accounts", adopted.zone, kinds, rows)


def funnels(uses: Sequence[WorkflowUse], zone: str) -> Sheet:
    """One row a workflow, group, entry mode and step; step 0 = started. Seconds since the step before."""
    kinds: dict[str, Kind] = {**_WHAT, "workflow": "text", "title": "text", "definition": "text", "by": "text"}
    kinds |= {"key": "text", "entry": "text", "step_number": "count", "step": "text", "reached": "count"}
    kinds |= {"share": "number", "lost": "count", "lost_share": "number", "median_s": "number", "p90_s": "number"}
    rows: list[list[Cell]] = []
    for use in uses:
        about: list[Cell] = [*_what(use.dates, use.audience, zone), use.id, use.title, use.definition]
        groups = [("", "", use.first, use.any)]
        groups += [("role", one.key, one.first, one.any) for one in use.roles]
        groups += [("release", one.key, one.first, one.any) for one in use.releases]
        rows += [
            [*about, by, key, *step]
            for by, key, first, other in groups
            for funnel in (first, other)
            for step in _steps(funnel)
        ]
    return sheet("workflows-funnels", zone, kinds, rows)


def _steps(funnel: Funnel) -> list[list[Cell]]:
    begun: list[Cell] = [funnel.entry, 0, "", funnel.started, 100.0 if funnel.started else None, 0, None, None, None]
    steps: list[list[Cell]] = [
        [funnel.entry, number, s.name, s.reached, s.share, s.dropped, s.drop_off, s.median_s, s.p90_s]
        for number, s in enumerate(funnel.steps, start=1)
    ]
    return [begun, *steps]


def course(name: str, metrics: Iterable[Metric], dates: Dates, audience: Audience, zone: str) -> Sheet:
    """One row a figure, side and bucket of its chart; the side is ``this``, or what it is compared with."""
    kinds: dict[str, Kind] = {**_WHAT, "metric": "text", "title": "text", "definition": "text", "side": "text"}
    kinds |= {"bucket_start": "time", "bucket_seconds": "count", "value": "number", "n": "count", "partial": "flag"}
    what = _what(dates, audience, zone)
    rows: list[list[Cell]] = [
        [*what, one.id, one.title, one.definition, side, point.t, one.step, point.value, point.n, point.partial]
        for one in metrics
        for side, series in _sides(one)
        for point in series
    ]
    return sheet(name, zone, kinds, rows)


def _sides(metric: Metric) -> list[tuple[str, list[Point]]]:
    this = ("this", metric.series)
    return [this] if metric.versus is None else [this, (metric.versus.label, metric.versus.series)]


def roles(report: RoleReport) -> Sheet:
    """One row a role; what the reader may not see is empty. Durations in seconds, shares in per cent."""
    kinds: dict[str, Kind] = {**_WHAT, "role": "text", "title": "text", "defined": "flag", "people": "count"}
    kinds |= {"share": "number", "sessions": "count", "session_mean_s": "number", "session_median_s": "number"}
    kinds |= {"most_used": "text", "csat": "number", "csat_low": "number", "csat_high": "number", "csat_n": "count"}
    kinds |= {"churn": "number", "churned": "count", "churn_of": "count"}
    what = _what(report.dates, report.audience, report.zone)
    rows: list[list[Cell]] = []
    for one in report.roles:
        sessions, said = one.sessions, one.satisfaction.score if one.satisfaction else None
        timed: list[Cell] = [sessions.number, sessions.mean, sessions.median] if sessions else [None] * 3
        used = None if one.features is None else ", ".join(used.title for used in one.features)
        score: list[Cell] = [said.value, said.low, said.high, said.n] if said else [None] * 4
        about: list[Cell] = [one.id, one.title, one.defined, one.people, one.share]
        rows.append([*what, *about, *timed, used, *score, one.churn, one.churned, one.base])
    return sheet("roles", report.zone, kinds, rows)


def completion(report: RoleReport) -> Sheet:
    """One row a role and workflow, by first entry; ``everybody`` is the completion of all roles, in per cent."""
    kinds: dict[str, Kind] = {**_WHAT, "role": "text", "workflow": "text", "title": "text", **_NUMBERS}
    kinds |= {"started": "count", "completed": "count", "everybody": "number"}
    what = _what(report.dates, report.audience, report.zone)
    rows: list[list[Cell]] = [
        [
            *what,
            role.id,
            one.id,
            one.title,
            own.completion,
            own.low,
            own.high,
            own.started,
            own.completed,
            one.everybody,
        ]
        for role in report.roles
        for one in role.workflows or []
        for own in [one.split.first]
    ]
    return sheet("roles-completion", report.zone, kinds, rows)


def scores(opinions: Sequence[Opinion], responses: Mapping[str, float | None], audience: Audience, zone: str) -> Sheet:
    """One row a scale or survey ('' = all of the scale) and group; a mean of 1-5, or points of NPS."""
    kinds: dict[str, Kind] = {**_WHAT, "scale": "text", "survey": "text", "title": "text", "definition": "text"}
    kinds |= {"by": "text", "key": "text", **_NUMBERS, **_numbers(_SAID), "n": "count"}
    kinds |= {**dict.fromkeys(_GROUPS, "count"), "status": "text", "response_rate": "number"}
    rows: list[list[Cell]] = []
    for one in opinions:
        about: list[Cell] = [*_what(one.dates, audience, zone), one.scale, one.id, one.title, one.definition]
        rows.append([*about, "", "", *_score(one.score), one.status, responses.get(one.id)])
        for by, held in (("role", one.roles), ("release", one.releases), ("customer", one.customers)):
            rows += [[*about, by, said.key, *_score(said.score), said.status, None] for said in held]
    return sheet("satisfaction-scores", zone, kinds, rows)


def _score(one: Score) -> list[Cell]:
    value: list[Cell] = [one.value, one.low, one.high, *(getattr(one, name) for name in _SAID), one.n]
    return [*value, *(getattr(one, name) for name in _GROUPS)]


def answers(opinions: Sequence[Opinion], audience: Audience, zone: str) -> Sheet:
    """One row a scale or survey and score that was given."""
    kinds: dict[str, Kind] = {**_WHAT, "scale": "text", "survey": "text", "score": "count", "answers": "count"}
    rows: list[list[Cell]] = [
        [*_what(one.dates, audience, zone), one.scale, one.id, score, count]
        for one in opinions
        for score, count in one.score.spread
    ]
    return sheet("satisfaction-answers", zone, kinds, rows)


def comments(found: Iterable[Comment], zone: str) -> Sheet:
    """One row a comment, newest first."""
    kinds: dict[str, Kind] = {"at": "time", "survey": "text", "scale": "text", "score": "number", "comment": "text"}
    kinds |= {"role": "text", "release": "text", "customer": "text"}
    rows: list[list[Cell]] = [list(one) for one in found]
    return sheet("satisfaction-comments", zone, kinds, rows)


def _numbers(names: Iterable[str]) -> dict[str, Kind]:
    return dict.fromkeys(names, "number")
