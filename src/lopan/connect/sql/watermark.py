"""How far a pull has got, as the text of the newest value of one column, in the clock that the column has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from lopan.connect.sql.kind import Kind

OVERLAP = timedelta(hours=24)
"""Read again each time: for transactions that ended late, and for the hour that a clock without a zone has twice."""


def begin(kind: Kind, newest: str) -> str:
    """Where the next pull begins after the ``newest`` value seen: a day earlier where it is a time."""
    if kind == "day":
        return (date.fromisoformat(newest) - OVERLAP).isoformat()
    if kind in ("zoned", "naive", "text") and (at := _time(newest)) is not None:
        return _written(at - OVERLAP, newest)
    return newest


class Newest:
    """The newest value of a column over all blocks of a pull; times that have not come yet count as ``now``.

    A row dated ahead by a wrong clock would otherwise hide every change until then.
    """

    def __init__(self, kind: Kind, known: str, now: datetime, zone: ZoneInfo) -> None:
        self._kind, self.text = kind, known
        self._now = now if kind == "zoned" else now.astimezone(zone).replace(tzinfo=None)

    def see(self, values: pa.Array) -> None:
        """Take a block's column in."""
        found = pc.max(values).as_py()
        if found is None:
            return
        text = self._capped(found)
        if not self.text or self._later(text):
            self.text = text

    def _capped(self, found: object) -> str:
        if isinstance(found, datetime):
            latest = min(found, self._now)
            return latest.astimezone(UTC).isoformat(" ") if latest.tzinfo else latest.isoformat(" ")
        if isinstance(found, date):
            return min(found, self._now.date()).isoformat()
        text = str(found)
        at = _time(text)
        if at is None:
            return text
        now = self._now if at.tzinfo is None else self._now.astimezone(UTC)
        return text if at <= now else _written(now, text)

    def _later(self, text: str) -> bool:
        if self._kind == "whole" or (text.lstrip("-").isdecimal() and self.text.lstrip("-").isdecimal()):
            return int(text) > int(self.text)
        return text > self.text


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if len(text) > len("2026-01-01") else None
    except ValueError:
        return None


def _written(at: datetime, like: str) -> str:
    """As ``like`` is written, so that texts compare as times do."""
    return at.isoformat("T" if "T" in like else " ", "microseconds" if "." in like else "seconds")
