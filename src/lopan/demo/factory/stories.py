"""What 400 days of the simulated business hide for the pages to show; days are relative to the first start."""

from __future__ import annotations

DAYS = 400
"""Length of the history of the business."""

ROLLOUT = -250
"""The day from which Lopan is in use."""
BASELINE = (-400, -250)
"""The first day of the window that a baseline is frozen on, and the day after its last."""
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
