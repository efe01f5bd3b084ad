"""Every error Lopan raises on purpose, split by what the reader can do about it.

LopanError
├── Rejected      the input is wrong: tell the sender the place and the reason
├── TryAgain      nothing is wrong with the input: wait ``retry_after`` seconds and send it again
└── GiveUp        a person has to act: a setting, a lock, a full disk
    ├── ConfigError
    └── Locked
"""

from __future__ import annotations


class LopanError(Exception):
    """Root of the tree; ``str(error)`` is always a sentence that a user may read."""


class Rejected(LopanError):
    """Input refused for good: ``place`` names the field, line or path, ``reason`` says what was expected there."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.place = place
        self.reason = reason


class TryAgain(LopanError):
    """Refused for now; ``retry_after`` is in seconds and goes out as the Retry-After header."""

    def __init__(self, reason: str, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class GiveUp(LopanError):
    """Lopan can't go on until a person acts; the message says which act."""


class ConfigError(GiveUp):
    """A setting that is missing, misspelt or out of range; the message names the setting and its source."""


class Locked(GiveUp):
    """Another process holds the data directory."""
