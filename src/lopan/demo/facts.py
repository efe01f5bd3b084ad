"""What the simulated month hides for the pages to show: how it is planted, and the figure a reader should find."""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    """``shows`` says what is measured over the 30 days of the default history; its figure lies within low to high."""

    shows: str
    low: float
    high: float


NEW_FEATURE, NEW_SINCE = "delivery_tracking", "2.2.1"
"""The launch: a feature that came with a release, 12 days before the end."""
NEW_LIKED = {"salesperson": 0.80, "administrator": 0.50, "workshopManager": 0.30, "warehouseKeeper": 0.08}
"""Share of a role's people who ever take the new feature up."""
NEW_FOUND_DAYS = 7.0
"""Mean time from having the release to using the feature."""
NEW_USES = 0.2
"""Share of actions that go to it from then on."""

STRUGGLING, TROUBLED, STUCK = "warehouseKeeper", "receive_goods", "assign_location"
"""The role, the workflow and the step with which it struggles."""
STUCK_TIMES, STUCK_LOST = 2.5, 0.30
"""The step takes this role so many times as long, and this share of its runs ends there."""
UNHAPPY = (10.0, 12.0, 18.0, 32.0, 28.0)
"""Its answers to CSAT by score 1-5."""
HAPPY = (1.0, 2.0, 6.0, 32.0, 59.0)
"""Everybody else's."""

DIPPED = (-19.0, -12.0)
"""Days, relative to the last, between which the bad release 2.2.0 was the newest: who joined then stays less long."""
DIP = 0.03
"""Factor on how long they stay."""

AWAY_SHARE, AWAY_DAYS = 0.25, (9, 17)
"""Share of people who have one absence in a span of 75 days, and how long it lasts: dormant, then resurrected."""
HURT, HURT_SINCE, HURT_USE, HURT_CRASHES = 6, -15, 0.25, 0.06
"""Harbor Castings Ltd: its people's scanner crashes from 2.2.0 on in this share of sessions, and nobody else's.

From that day, relative to the last, they use the app a quarter as much; its tickets and answers say why.
"""
LEAVING, LEAVING_USE = (17, 25, 30, 41, 47, 59), 0.2
"""Six customers who ended their contracts in the last weeks; how much they used the app against people like them."""
BRIEF = 0.06
"""Share of sessions of which a single event arrived."""
OFFLINE, OFFLINE_HOURS, OFFLINE_MOST_DAYS = 0.01, 8.0, 5
"""Share of sessions sent later, mean delay and the longest."""

FACTS = {
    "daily_users": Fact("people a day over the last four working days, against a target of 1,500", 1_050, 1_350),
    "new_feature_adoption": Fact("salespeople active in the last full week who completed the new feature", 0.30, 0.48),
    "new_feature_growth": Fact("that share against the week before", 2.5, 5.5),
    "new_feature_least": Fact("the same share of warehouse keepers", 0.01, 0.07),
    "new_feature_before": Fact("salespeople who used it before the release", 0.0, 0.0),
    "step_lost": Fact(
        "runs of receive_goods in which warehouse keepers begin assign_location and never end it", 0.25, 0.36
    ),
    "step_lost_others": Fact("the same of other roles", 0.02, 0.08),
    "step_seconds": Fact("median seconds of warehouse keepers for that step", 33.0, 42.0),
    "step_seconds_others": Fact("the same of other roles", 13.0, 17.0),
    "dip_d7": Fact(
        "people first seen while 2.2.0 was the newest who come back on a day from 7 to 13 later", 0.40, 0.62
    ),
    "sound_d7": Fact("the same of the week before that release", 0.73, 0.90),
    "csat": Fact("mean of all answers, between target 4.5 and warning 4.0", 4.05, 4.35),
    "csat_struggling": Fact("mean of warehouse keepers' answers, about critical 3.5", 3.25, 3.80),
    "csat_others": Fact("mean of everybody else's answers", 4.35, 4.55),
    "nps": Fact("per cent promoters less per cent detractors, alike for all roles", 15.0, 42.0),
    "newcomers": Fact("people first seen on a day of the last two weeks, in the mean", 22.0, 38.0),
    "resurrected": Fact("share of people with a pause of more than nine days between two days of use", 0.015, 0.06),
    "hurt_crashes": Fact("sessions of Harbor Castings Ltd since 2.2.0 that crash in the label scanner", 0.02, 0.10),
    "hurt_only": Fact("share of the label scanner's crashes that hit it", 1.0, 1.0),
    "hurt_use": Fact("its sessions a day in the last two weeks against those of the two before", 0.12, 0.45),
    "single_event": Fact("share of sessions of which one event arrived", 0.05, 0.07),
    "late": Fact("share of events that arrived more than an hour after they happened", 0.006, 0.012),
}
