"""Time, as a part that can be replaced: everything that decides by the clock takes a ``Clock``."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, Protocol


class Clock(Protocol):
    """Wall time for what is stored, monotonic time for what is waited for."""

    def now(self) -> datetime:
        """Aware UTC time, millisecond precision."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Aware UTC time, cut to milliseconds so that stored and compared times agree."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()


SYSTEM: Final[Clock] = SystemClock()
