"""The two recommendations that would raise a score most, each with its evidence, play, owner and due date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from lopan.analytics.calendar import DAY
from lopan.analytics.customers import words
from lopan.analytics.customers.evidence import Evidence
from lopan.analytics.customers.score import Health, Part
from lopan.catalog.health import Component, Judging, Rule

MOST = 2


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to do. ``gap``: points that reaching the target would add; ``rows``: the evidence, (what, how much).

    ``since``: the first of the known days from which on the component has been below its target; ``due`` counts from
    it, so that it doesn't move while nobody acts.
    """

    rule: str
    component: Component
    title: str
    gap: float
    why: str
    rows: list[tuple[str, str]]
    playbook: str
    owner: str
    since: date
    due: date
    overdue: bool


def advise(judging: Judging, evidence: Evidence, history: Sequence[tuple[date, Health]], owner: str) -> list[Advice]:
    """At most two, the greatest gap first. ``history``: scores of some days by time, the last one is judged."""
    day, health = history[-1]
    below = sorted((part for part in health.parts if part.gap > 0), key=lambda part: -part.gap)
    found: list[Advice] = []
    for part in below:
        rule = _rule(judging, part, evidence)
        if rule is not None and len(found) < MOST:
            since = _since(history, part.component)
            due = since + DAY * rule.due_days
            found.append(
                Advice(
                    rule=rule.id,
                    component=part.component,
                    title=rule.title,
                    gap=round(part.gap, 1),
                    why=words.told(part.component, evidence),
                    rows=words.rows(part.component, evidence),
                    playbook=rule.playbook,
                    owner=(owner or "no owner yet") if rule.owner == "account owner" else rule.owner,
                    since=since,
                    due=due,
                    overdue=due < day,
                )
            )
    return found


def _rule(judging: Judging, part: Part, evidence: Evidence) -> Rule | None:
    counts = _counts(evidence)
    for rule in judging.rules.values():
        fits = rule.component == part.component and (not rule.states or part.state in rule.states)
        if fits and (not rule.needs or counts.get(rule.needs, 0) > 0):
            return rule
    return None


def _counts(evidence: Evidence) -> Mapping[str, int]:
    answers = [one for one in (evidence.csat, evidence.nps) if one is not None and not one.stale]
    return {**evidence.tickets._asdict(), "low": sum(one.low for one in answers), "active": evidence.active}


def _since(history: Sequence[tuple[date, Health]], component: Component) -> date:
    since = history[-1][0]
    for day, health in reversed(history):
        if health.part(component).gap <= 0:
            break
        since = day
    return since
