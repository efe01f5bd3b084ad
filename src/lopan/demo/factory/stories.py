"""What 400 days of the simulated business hide for the pages to show; days are relative to the first start."""

from __future__ import annotations

from lopan.demo.facts import Fact

DAYS = 400
"""Length of the history of the business."""

ROLLOUT = -250
"""The day from which Lopan is in use."""
BASELINE = (-400, -250)
"""The days before the roll-out, and the day after their last; a baseline is frozen on the whole months in them."""
BASELINE_NOTE = "The whole months before the roll-out, with all of their invoices."
"""What whoever froze it wrote to whoever approved it."""
RAMP = 90
"""Days until the roll-out has its full effect."""
SPEED = (0.82, 0.90)
"""Speed of work units against the ideal cycle, before the roll-out and when it has its effect."""
STOP_MIN = (30.0, 20.0)
"""Median length of an unplanned stop in minutes, likewise."""
SCRAP = (0.046, 0.031)
"""Share of pieces scrapped, likewise."""
STOCK = (1.0, 0.80)
"""Stock against what it was, likewise."""

BROKEN_SITE, BROKEN_UNIT, BROKEN_REASON = "JUR", 2, "spindle bearing"
"""The breakdown: JUR-M3 stands still for most of every shift."""
BROKEN = (-45, -31)
"""From the first day to before the last."""
BROKEN_MIN = (290.0, 420.0)
"""Minutes that it stands still in each shift of those two weeks."""

FALLING_PRODUCT, FALLING_SINCE, FALLING_DAYS = "Valve V30", -60, 20
"""The product whose first-pass yield falls, since when, and how many days it takes to fall."""
REWORK = (0.02, 0.11)
"""Share of pieces reworked, of everything else and of that product after the fall."""

LATE_SITE, LATE_PRODUCT, LATE_REASON = "AUG", "Manifold M60", "castings late from supplier"
"""The wave of late deliveries: the supplier's castings came late, the site waited, and its lines came late."""
LATE = (-85, -64)
"""Days on which the lines of that site were promised."""
LATE_SHARE, ON_TIME = 0.55, 0.885
"""Share of lines late in the wave, share on time otherwise."""

LOW_SEGMENT, LOW_REGION = "mid-market", "Americas"
"""Where hardly anybody has been won yet."""
LOW_COMPANIES = 1_000
"""Companies there that could be."""

LEFT = (-16, -14, -11, -8, -5, -2)
"""The days on which the contracts of those who leave ended."""
LEAVING_SINCE = -120
"""The day from which they complained."""

GROWING = 11
"""The expansion story: this customer bought seats three times."""
GROWN = ((-240, 1.5), (-150, 2.2), (-60, 3.0))
"""Days and its seats then against those of the first contract."""

NEGATIVE_SITE, NEGATIVE_PRODUCT, NEGATIVE = "JOL", "Clamp C12", (-23, -20)
"""Stock below nothing: an error of the source for three days."""

UNPRICED, UNPRICED_CUSTOMERS = "SEK", (57, 123)
"""A currency without a rate, and the customers who are billed in it."""

STORIES = {
    "oee_before": Fact("OEE of all sites in the baseline: good pieces at the ideal cycle per planned hour", 0.60, 0.67),
    "oee_after": Fact("the same of the last 30 days", 0.69, 0.76),
    "oee_broken": Fact("OEE of JUR from 45 to 31 days ago, when `spindle bearing` stops JUR-M3", 0.58, 0.65),
    "oee_broken_others": Fact("the same of the other sites in that time", 0.68, 0.76),
    "broken_share": Fact("share of the down time of JUR in those two weeks that has that reason", 0.80, 0.95),
    "first_pass": Fact("first-pass yield of everything but Valve V30 in the last 30 days", 0.935, 0.96),
    "first_pass_fallen": Fact("the same of Valve V30, which falls since 60 days ago", 0.84, 0.88),
    "on_time": Fact("lines delivered by the promise first given, of those due and not cancelled", 0.85, 0.89),
    "on_time_wave": Fact("the same of AUG in the wave, promised 85 to 64 days ago", 0.35, 0.53),
    "waiting_wave": Fact("hours for which AUG waited for the supplier's castings", 15.0, 120.0),
    "partial": Fact("delivered lines of which a part came", 0.03, 0.06),
    "claims": Fact("delivered lines with a claim", 0.025, 0.05),
    "labour_gain": Fact("earned hours per paid hour in the last 160 days, against the baseline", 0.09, 0.17),
    "scrap_before": Fact("pieces scrapped of those made in the baseline", 0.042, 0.052),
    "scrap_after": Fact("the same of the last 160 days", 0.028, 0.037),
    "stock_less": Fact("mean value of stock in the last 120 days less that of the baseline, against it", -0.26, -0.14),
    "penetration": Fact(
        "companies won of those that could be served, without the mid-market in the Americas", 0.14, 0.22
    ),
    "penetration_low": Fact("the same of the mid-market in the Americas", 0.015, 0.045),
    "left": Fact("customers whose contract ended in the last 20 days", 6.0, 6.0),
    "left_csat": Fact("their CSAT in the last 120 days", 1.7, 2.7),
    "others_csat": Fact("everybody else's", 4.2, 4.5),
    "left_tickets": Fact("tickets of one of them in the last 120 days, in the mean", 9.0, 24.0),
    "grown": Fact("monthly revenue of Beacon Ceramics Ltd now, against its first contract", 1.5, 3.0),
    "negative": Fact("days on which the stock of Clamp C12 at JOL is below nothing", 3.0, 3.0),
    "no_rate": Fact("lines in SEK, a currency without a rate", 20.0, 120.0),
    "hurt_tickets": Fact("tickets of Harbor Castings Ltd about the crash of its scanner", 2.0, 14.0),
}
"""What is measured over the 400 days, and the figure a reader should find."""
