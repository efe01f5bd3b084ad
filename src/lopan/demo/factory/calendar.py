"""When a site works: shifts, breaks, holidays and shutdowns, in its own time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from lopan.demo.factory.blocks import Columns
from lopan.demo.factory.plant import BEGINS_MIN, SHIFT_H, SHIFTS, SITES, Site, unit
from lopan.demo.factory.world import DAY_MS, HOUR_MS, MIN_MS, World

CARE_MIN = 120
"""Planned maintenance of a work unit once a week, at the beginning of its early shift."""
_AHEAD = 14
_EPOCH = date(1970, 1, 1)


class Worked(NamedTuple):
    """One shift that is worked: its number in the day, and its ends in ms since 1970."""

    number: int
    begins: int
    ends: int


def day_of(site: Site, ms: int) -> int:
    """The production day of the site, in days since 1970, that a moment belongs to."""
    local = datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(site.zone)) - timedelta(minutes=BEGINS_MIN)
    return (local.date() - _EPOCH).days


@lru_cache(4096)
def at(zone: str, day: int, minute: int) -> int:
    """Ms since 1970 of a minute of the local day; minutes past midnight lead into the next one."""
    when = datetime.combine(_EPOCH + timedelta(days=day + minute // 1440), datetime.min.time(), ZoneInfo(zone))
    return round(when.replace(hour=minute % 1440 // 60, minute=minute % 60).timestamp() * 1000)


def rest(site: Site, day: int) -> str:
    """Why a day is not worked: ``holiday``, ``shutdown``, or nothing."""
    when = _EPOCH + timedelta(days=day)
    if site.shutdown:
        first, last = site.shutdown[:2], site.shutdown[2:]
        if first <= (when.month, when.day) <= last:
            return "shutdown"
    return "holiday" if (when.month, when.day) in site.holidays else ""


def worked(site: Site, day: int) -> list[Worked]:
    """The shifts of a production day; none on a day of rest."""
    if rest(site, day):
        return []
    shifts = site.week[(_EPOCH + timedelta(days=day)).weekday()]
    minutes = [BEGINS_MIN + 60 * SHIFT_H * number for number in range(shifts + 1)]
    ends = [at(site.zone, day, minute) for minute in minutes]
    return [Worked(number, ends[number], ends[number + 1]) for number in range(shifts)]


def cared(day: int, number: int) -> bool:
    """Whether the work unit of that number has its weekly maintenance on the day."""
    return (day + number) % 7 == 0


def shifts(world: World, start: int, now: int) -> Iterator[Columns]:
    """Every site's calendar, known two weeks ahead."""
    for site in SITES:
        for day in range(max(world.first, day_of(site, start) - 1), now // DAY_MS + _AHEAD + 1):
            rows = list(_of_day(world, site, day))
            if rows:
                yield _columns(site, day, rows)


def _of_day(world: World, site: Site, day: int) -> Iterator[tuple[str, str, str, int, int]]:
    """Kind, name, work unit, begin and end."""
    if why := rest(site, day):
        yield why, why, "", at(site.zone, day, BEGINS_MIN), at(site.zone, day + 1, BEGINS_MIN)
    for shift in worked(site, day):
        yield "shift", SHIFTS[shift.number], "", shift.begins, shift.ends
        if site.break_min:
            middle = shift.begins + SHIFT_H // 2 * HOUR_MS
            yield "break", f"{SHIFTS[shift.number]} break", "", middle, middle + site.break_min * MIN_MS
        if shift.number == 0:
            for number in range(world.units(site)):
                if cared(day, number):
                    yield "maintenance", "weekly", unit(site, number), shift.begins, shift.begins + CARE_MIN * MIN_MS


def _columns(site: Site, day: int, rows: list[tuple[str, str, str, int, int]]) -> Columns:
    kinds, names, units, begins, ends = zip(*rows, strict=True)
    known = (day - _AHEAD) * DAY_MS
    return {
        "key": np.array([f"{site.code}-{begin}-{kind}-{unit}" for kind, _, unit, begin, _ in rows]),
        "modified": np.full(len(rows), known),
        "site": np.full(len(rows), site.code),
        "work_unit": np.array(units, np.str_),
        "name": np.array(names),
        "kind": np.array(kinds),
        "started": np.array(begins),
        "ended": np.array(ends),
    }
