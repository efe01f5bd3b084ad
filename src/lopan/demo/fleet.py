"""The population: who uses the app, on what, since when, and how much. Drawn once from the seed, as parallel arrays."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lopan.demo import facts
from lopan.demo.product import DEVICES, NEVER, RELEASES, ROLES, WEEK, ZONES, Release

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY_MS = 86_400_000
PEOPLE = 3_900
CUSTOMERS = 400
_JOINED_SINCE = 150.0
_SESSIONS_A_DAY = 3.3
_EPOCH = date(1970, 1, 1)

_NAMES = ("Alder", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Harbor", "Juniper", "Maple", "Onyx")
_TRADES = ("Castings", "Ceramics", "Fasteners", "Glass", "Machining", "Optics", "Plastics", "Textiles")
_FORMS = ("Ltd", "GmbH", "SA", "BV", "Co")


class Fleet(NamedTuple):
    """``n`` people as arrays of length n; ``joined``, ``left`` and ``adopts`` [n, releases] are days since 1970.

    ``away`` [n, 2] are the first day of an absence and the day of coming back; ``finds`` is the day on which the new
    feature is found, NEVER by those who don't.
    ``appetite`` is the mean number of sessions on an average weekday; it falls off like a power of the rank.
    """

    seed: int
    anchor: date
    role: Ints
    device: Ints
    system: Ints
    customer: Ints
    zone: Ints
    appetite: Floats
    joined: Floats
    left: Floats
    adopts: Floats
    away: Floats
    finds: Floats
    users: tuple[str, ...]
    installs: tuple[str, ...]

    @property
    def n(self) -> int:
        """People who ever had the app, those who left and those yet to join included."""
        return len(self.role)


def fleet(seed: int, anchor: date, people: int = PEOPLE) -> Fleet:
    """Draw the population; release and joining dates are relative to ``anchor``, the last day of the first history."""
    rng = np.random.default_rng([seed, 1])
    zero = float((anchor - _EPOCH).days)
    customer = rng.choice(CUSTOMERS, people, p=_zipf(CUSTOMERS, 0.8))
    device = rng.choice(len(DEVICES), people, p=_shares([device.share for device in DEVICES]))
    systems = np.array([len(DEVICES[i].systems) for i in range(len(DEVICES))])
    joined, left = _membership(rng, zero, people)
    role = rng.choice(len(ROLES), people, p=_shares([role.share for role in ROLES]))
    adopts = _adoption(rng, zero, people)
    return Fleet(
        seed=seed,
        anchor=anchor,
        role=role,
        device=device,
        system=(rng.random(people) * systems[device]).astype(np.int64),
        customer=customer,
        zone=rng.choice(len(ZONES), CUSTOMERS, p=_shares([share for _, share in ZONES]))[customer],
        appetite=rng.permutation(_zipf(people, 0.45)) * people * _SESSIONS_A_DAY,
        joined=joined,
        left=left,
        adopts=adopts,
        away=_absences(rng, zero, people),
        finds=_finds(rng, role, adopts),
        users=tuple(f"u{number:05d}" for number in range(1, people + 1)),
        installs=tuple(str(UUID(bytes=rng.bytes(16), version=4)) for _ in range(people)),
    )


def customers() -> list[str]:
    """The 400 customers by falling size; the same for every seed."""
    return [f"{name} {trade} {form}" for form in _FORMS for trade in _TRADES for name in _NAMES]


def systems() -> list[str]:
    """Every OS version in the fleet, in the order that ``system_of`` indexes."""
    return sorted({system for device in DEVICES for system in device.systems})


def system_of(population: Fleet, who: Ints) -> Ints:
    """Index into ``systems()`` for each person."""
    names = systems()
    widest = max(len(device.systems) for device in DEVICES)
    table = np.array([[names.index(d.systems[min(i, len(d.systems) - 1)]) for i in range(widest)] for d in DEVICES])
    found: Ints = table[population.device[who], population.system[who]]
    return found


def release_of(population: Fleet, who: Ints, day: Floats) -> Ints:
    """Index into RELEASES: the newest one that the person had adopted by ``day`` (days since 1970, fractional)."""
    had = population.adopts[who] <= day[:, None]
    newest: Ints = len(RELEASES) - 1 - np.argmax(had[:, ::-1], axis=1)
    return newest


def starts(population: Fleet, day: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Person and start (ms since 1970) of the sessions begun on the UTC ``day`` (days since 1970)."""
    rates = appetite(population, day) * (
        (population.joined < day + 1) & (population.left > day) & ~absent(population, day)
    )
    people: list[Ints] = []
    times: list[Ints] = []
    for role in range(len(ROLES)):
        for zone in range(len(ZONES)):
            hours = rhythm(day, role, zone)
            group = np.flatnonzero((population.role == role) & (population.zone == zone) & (rates > 0))
            who = np.repeat(group, rng.poisson(rates[group] * hours.sum()))
            hour = rng.choice(24, len(who), p=hours / hours.sum())
            at = day * DAY_MS + hour * 3_600_000 + rng.integers(0, 3_600_000, len(who))
            inside = (at >= population.joined[who] * DAY_MS) & (at < population.left[who] * DAY_MS)
            people.append(who[inside])
            times.append(at[inside])
    return np.concatenate(people), np.concatenate(times)


def appetite(population: Fleet, day: int) -> Floats:
    """Mean sessions of each person on an average weekday about the UTC ``day``: less where a customer turns away."""
    since = day - (population.anchor - _EPOCH).days
    use = np.ones(CUSTOMERS)
    use[list(facts.LEAVING)] = facts.LEAVING_USE
    if since >= facts.HURT_SINCE:
        use[facts.HURT] = facts.HURT_USE
    wanted: Floats = population.appetite * use[population.customer]
    return wanted


def absent(population: Fleet, day: int) -> NDArray[np.bool_]:
    """Who is on leave on the UTC ``day``."""
    gone: NDArray[np.bool_] = (population.away[:, 0] <= day) & (day < population.away[:, 1])
    return gone


def rhythm(day: int, role: int, zone: int) -> Floats:
    """Share of an average weekday's sessions expected in each UTC hour, by the local hour and weekday."""
    when = date.fromordinal(_EPOCH.toordinal() + day)
    offset = datetime.combine(when, time(12), ZoneInfo(ZONES[zone][0])).utcoffset()
    shift = round(offset.total_seconds() / 3600) if offset else 0
    profile = np.array(ROLES[role].hours, float)
    profile /= profile.sum()
    hours = np.arange(24) + shift
    week = np.array(WEEK)
    shares: Floats = profile[hours % 24] * week[(when.weekday() + hours // 24) % 7]
    return shares


def _membership(rng: np.random.Generator, zero: float, people: int) -> tuple[Floats, Floats]:
    """Joining grows until after the anchor; staying follows a curve, 85 % on D1 to 42 % on D90, with a dip."""
    joined = zero + 30.0 - (_JOINED_SINCE + 30.0) * (1.0 - np.sqrt(rng.random(people)))
    stays = (rng.exponential(1.0, people) / 0.1625) ** (1 / 0.37)
    dipped = (joined >= zero + facts.DIPPED[0]) & (joined < zero + facts.DIPPED[1])
    return joined, joined + stays * np.where(dipped, facts.DIP, 1.0)


def _absences(rng: np.random.Generator, zero: float, people: int) -> Floats:
    """One each, far in the past for most."""
    first = zero + rng.integers(-45, 30, people)
    first[rng.random(people) >= facts.AWAY_SHARE] = -NEVER
    return np.stack([first, first + rng.integers(*facts.AWAY_DAYS, people)], axis=1)


def _finds(rng: np.random.Generator, role: Ints, adopts: Floats) -> Floats:
    """Some days after having a release with the new feature, by those of a role that like it."""
    first = [release.version for release in RELEASES].index(facts.NEW_SINCE)
    finds = adopts[:, first:].min(axis=1) + rng.exponential(facts.NEW_FOUND_DAYS, len(role))
    liked = np.array([facts.NEW_LIKED[one.name] for one in ROLES])[role]
    finds[rng.random(len(role)) >= liked] = NEVER
    found: Floats = finds
    return found


def _adoption(rng: np.random.Generator, zero: float, people: int) -> Floats:
    """Day on which each person has each release: offered in stages, installed days later, by 3 % hardly ever."""
    lag = rng.exponential(0.8, people) * rng.choice([1.0, 12.0, 200.0], people, p=[0.89, 0.08, 0.03])
    columns = [zero + release.day + _offered(release, rng.random(people)) + lag for release in RELEASES]
    columns[0][:] = -NEVER
    return np.stack(columns, axis=1)


def _offered(release: Release, chance: Floats) -> Floats:
    """Days after the start of the roll-out; NEVER when it was halted before this person's turn."""
    days, shares = zip(*release.stages, strict=True)
    offered: Floats = np.interp(chance, (0.0, *shares), (0.0, *days))
    offered[chance > shares[-1]] = NEVER
    return offered


def _zipf(n: int, exponent: float) -> Floats:
    return _shares(np.arange(1, n + 1, dtype=float) ** -exponent)


def _shares(weights: Any) -> Floats:
    array = np.asarray(weights, float)
    shares: Floats = array / array.sum()
    return shares
