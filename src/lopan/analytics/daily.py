"""The daily tables: one entry and one file under ``sql/`` each, from which a day is stored and today is read alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

from lopan.analytics import calendar
from lopan.analytics.calendar import DAY, Dates
from lopan.store import Param

_NEVER = date(1970, 1, 1)


class Daily(msgspec.Struct, frozen=True, kw_only=True):
    """A table of ``store/rollups/days.sql`` whose rows for a day ``sql/<table>.sql`` selects from raw events.

    The SELECT gives ``project``, ``day`` and ``columns``; it may use ``{start}`` and ``{end}`` (the days asked for),
    ``{since}`` and ``{until}`` (the same, wider by the reach), ``{zone}``, ``{project}`` (0 = all) and ``params``.
    ``back``/``ahead``: how far events before a day's begin and after its end count for it. A day is closed when it has
    been over for ``ahead``. With ``sliced`` it takes ``{slices}`` and ``{slice}`` too: only the groups of events whose
    hash leaves that remainder, so that a day of any size is computed in bounded memory, in as many rows more. With
    ``ages`` the rows of an open day, as computed at ``{now}``, say what they come to up to ``{soon}``, that much later.
    With ``begun`` a session counts where it began, however much later it is reported.
    """

    table: str
    columns: tuple[str, ...]
    back: timedelta = timedelta()
    ahead: timedelta = timedelta()
    params: Mapping[str, Param] = {}
    sliced: bool = False
    ages: timedelta = timedelta()
    begun: bool = False

    def definition(self, zone: ZoneInfo) -> str:
        """What all rows depend on besides events; another one makes every day be computed again."""
        reach = repr((self.back, self.ahead))
        text = "\n".join((zone.key, statement(self.table), repr(sorted(self.params.items())), reach))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def bounds(self, dates: Dates, zone: ZoneInfo) -> dict[str, datetime]:
        """The moments that the SELECT needs for these days."""
        start, end = calendar.begin(dates.first, zone), calendar.begin(dates.last + DAY, zone)
        return {"start": start, "end": end, "since": start - self.back, "until": end + self.ahead}

    def read_by(self, day: Dates, zone: ZoneInfo) -> Dates:
        """The days whose rows depend on an event of ``day``."""
        return calendar.around(day, zone, self.ahead, self.back)

    def reads(self, day: Dates, zone: ZoneInfo) -> Dates:
        """The days whose events the rows of ``day`` depend on."""
        return calendar.around(day, zone, self.back, self.ahead)

    def select(
        self, versions: Dates | None, opened: bool, stretches: Iterable[Dates], zone: ZoneInfo, project: int
    ) -> tuple[str, dict[str, Param]]:
        """Rows of the days whose version is in ``{versions}``, and those of ``stretches`` from raw events.

        ``versions``: between which days those in the table lie, None = none does; ``opened``: some are open days.
        """
        columns = self._columns
        params: dict[str, Param] = {"project": project, "zone": zone.key, **self.params}
        if self.sliced:
            params |= slices(1)[0]
        pieces = [_fill("open_rows", table=self.table, columns=columns)] if opened else []
        for index, stretch in enumerate(stretches):
            text = statement(self.table)
            for name, moment in self.bounds(stretch, zone).items():
                text = text.replace(f"{{{name}:", f"{{{self.table}_{index}_{name}:")
                params[f"{self.table}_{index}_{name}"] = moment
            pieces.append(_fill("raw_rows", columns=columns, rows=text))
        if versions or not pieces:
            between = versions or Dates(_NEVER, _NEVER)
            params |= {f"{self.table}_first": between.first, f"{self.table}_last": between.last}
            pieces.insert(0, _fill("day_rows", table=self.table, columns=columns))
        return "\nUNION ALL\n".join(pieces), params

    def insert(self) -> str:
        """The statement that computes ``{day}`` as ``{version}``: one part, so all of it is there or nothing."""
        return _fill("day_insert", table=self.table, columns=self._columns, rows=statement(self.table))

    def open(self, threads: int) -> str:
        """The statement that computes days from ``{day}`` on into the table of open days."""
        rows = statement(self.table)
        return _fill("open_insert", table=self.table, columns=self._columns, rows=rows, threads=str(threads))

    @property
    def _columns(self) -> str:
        return ", ".join(("project", "day", *self.columns))


PEOPLE = Daily(table="people_days", columns=("axis", "name", "users"))
VISITS = Daily(table="visit_days", columns=("users", "firsts", "lasts"))
SESSIONS = Daily(
    table="session_days",
    columns=("role", "release", "customer", "durations", "singles"),
    back=timedelta(hours=24),
    ahead=timedelta(hours=48),
    sliced=True,
)
STABILITY = Daily(
    table="stability_days",
    columns=(
        *("grain", "at", "release", "device", "os", "role", "customer"),
        *("n", "crashed", "abnormal", "errors", "duration_s", "value", "squares"),
    ),
    back=timedelta(hours=24),
    ahead=timedelta(hours=48),
    sliced=True,
    begun=True,
)
MEASURES = Daily(
    table="measure_days",
    columns=(
        *("at", "type", "kind", "release", "device", "n", "value", "squares", "duration_s", "frames", "frames60"),
        *("slow", "frozen", "hitch_ms", "footprint_mb", "peak_mb", "failed", "killed", "hung_s", "sketch"),
    ),
)
DAILY: Sequence[Daily] = (PEOPLE, VISITS, SESSIONS, STABILITY, MEASURES)


@cache
def statement(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return files("lopan.analytics").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").strip()


def over(name: str, rows: str, query: str, **more: str) -> str:
    """``sql/<query>.sql``, in which ``name`` stands for the SELECT ``rows``, and each name of ``more`` for its own."""
    tables = ",\n".join(f"{one} AS (\n{select}\n)" for one, select in {name: rows, **more}.items())
    text = f"\n{statement(query)}"
    return f"WITH {tables}{text.replace(chr(10) + 'WITH ', chr(10) + ', ', 1)}"


def slices(number: int) -> list[dict[str, Param]]:
    """The parameters of each of so many slices."""
    return [{"slices": number, "slice": index} for index in range(number)]


def reopened(table: str) -> str:
    """The statement that deletes ``{versions}`` of a table's open days."""
    return _fill("open_delete", table=table)


def emptied(table: str) -> str:
    """The statement that deletes ``{versions}`` of a table."""
    return _fill("day_delete", table=table)


def newest(tables: Iterable[str]) -> str:
    """The SELECT of the newest version that any of the tables holds, counted or not."""
    named = [name for table in tables for name in (table, f"open_{table}")]
    return "\nUNION ALL\n".join(_fill("day_newest", table=table) for table in ("day_versions", *named))


def _fill(name: str, **parts: str) -> str:
    """A statement whose table, columns or rows are named in our own code; values are parameters, always."""
    text = statement(name)
    for part, filling in parts.items():
        text = text.replace(f"<{part}>", filling)
    return text
