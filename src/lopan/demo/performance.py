"""What the app measures of itself: launches, frames, memory, hangs, requests, errors, and how a session ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lopan.demo.draw import Draw, Rows, pick, words
from lopan.demo.fleet import Floats, Ints
from lopan.demo.product import CRASHES, ERRORS, HOST, ROUTES
from lopan.demo.sessions import hurt
from lopan.ingest.columns import SCHEMA


def launches(draw: Draw) -> Rows:
    """Cold ones take 1.2 s on average over the devices; warm, hot and prewarmed ones a part of that."""
    n = draw.sessions.n
    every = np.arange(n)
    kind = pick(draw.rng, [0.62, 0.24, 0.08, 0.06], n)
    seconds = 1.10 * draw.device(every, "launch") * draw.release(every, "launch") * draw.rng.lognormal(0.0, 0.32, n)
    seconds *= np.where(draw.rng.random(n) < 0.01, 2.6, 1.0) * np.array([1.0, 0.42, 0.16, 0.7])[kind]
    at = draw.sessions.start + (np.minimum(seconds, draw.sessions.seconds) * 1000).astype(np.int64)
    own = {"kind": words(["cold", "warm", "hot", "prewarmed"], kind), "duration_s": pa.array(seconds.round(4))}
    return Rows("app_launch", every, at, own)


def frames(draw: Draw, mean: Floats) -> Rows:
    """Most intervals scroll; frames lost are the device's jank times the release's, 0.4 a second on average."""
    index, at, _ = draw.some(mean)
    n = len(index)
    scrolling = draw.rng.random(n) < 0.85
    refresh = draw.device(index, "refresh")
    seconds = draw.rng.uniform(4.0, 30.0, n).round(2)
    lost_rate = 0.32 * draw.device(index, "jank") * draw.release(index, "frames") * draw.rng.lognormal(-0.3, 0.75, n)
    lost_rate *= np.where(scrolling, 1.0, 0.2) * refresh / 60
    due = np.rint(refresh * seconds).astype(np.int64)
    lost = np.minimum(draw.rng.poisson(lost_rate * seconds), due // 2)
    frozen = (draw.rng.random(n) < 0.004 * draw.device(index, "jank")).astype(np.uint32)
    own = {
        "kind": words(["still", "scrolling"], scrolling.astype(np.int64)),
        "duration_s": pa.array(seconds),
        "frames": pa.array((due - lost).astype(np.uint32)),
        "slow": pa.array(lost.astype(np.uint32)),
        "frozen": pa.array(frozen),
        "hitch_ms": pa.array((lost * 1000 / refresh * 0.45 + frozen * 40).round(2)),
        "refresh_rate": pa.array(refresh),
    }
    return Rows("frame_stats", index, at, own)


def memory(draw: Draw, mean: Floats) -> Rows:
    """128 MB on average; a little more the longer the session runs, peak above the footprint."""
    index, at, into = draw.some(mean)
    n = len(index)
    grown = 1 + 0.05 * np.minimum(into / 1800, 1.5)
    footprint = 121.5 * grown * draw.device(index, "memory") * draw.release(index, "memory")
    footprint *= draw.rng.lognormal(0, 0.14, n)
    peak = footprint * (1 + draw.rng.exponential(0.12, n))
    return Rows("memory", index, at, {"footprint_mb": pa.array(footprint.round(2)), "peak_mb": pa.array(peak.round(2))})


def hangs(draw: Draw) -> Rows:
    """3 in 100 sessions, from 250 ms on."""
    index, at, _ = draw.some(0.03)
    seconds = 0.25 + draw.rng.exponential(0.5, len(index))
    return Rows("hang", index, at, {"duration_s": pa.array(seconds.round(3))})


def network(draw: Draw, mean: Floats) -> Rows:
    """Requests to the one backend: log-normal around the route's median, 0.5 % refused or failed."""
    index, at, _ = draw.some(mean)
    n = len(index)
    route = pick(draw.rng, [share for _, _, share, _ in ROUTES], n)
    seconds = np.array([ms / 1000 for *_, ms in ROUTES])[route] * draw.rng.lognormal(0, 0.5, n)
    status = np.array([200, 201, 404, 503, 0], np.uint16)[pick(draw.rng, [0.83, 0.165, 0.002, 0.002, 0.001], n)]
    own = {
        "host": pa.repeat(HOST, n),
        "route": words([path for _, path, *_ in ROUTES], route),
        "method": words([method for method, *_ in ROUTES], route),
        "status_code": pa.array(status),
        "duration_s": pa.array(np.where(status == 0, 30.0, seconds).round(4)),
    }
    return Rows("network", index, at, own)


def errors(draw: Draw) -> Rows:
    """The errors that each session counts at its end."""
    index = np.repeat(np.arange(draw.sessions.n), draw.sessions.errors)
    into = draw.rng.random(len(index)) * draw.sessions.seconds[index] * 1000
    which = pick(draw.rng, [5, 2, 3], len(index))
    own = {
        "exception": words([name for name, *_ in ERRORS], which),
        "message": words([message for _, message, _ in ERRORS], which),
        "stack": words([stack for *_, stack in ERRORS], which),
        "level": pa.repeat("error", len(index)),
    }
    return Rows("error", index, draw.sessions.start[index] + into.astype(np.int64), own)


def ends(draw: Draw) -> Iterator[Rows]:
    """The crash that closed the session, if one did, and its closing event."""
    sessions = draw.sessions
    end = sessions.start + (sessions.seconds * 1000).astype(np.int64)
    told = np.flatnonzero(~sessions.brief)
    own = {
        "status": words(["exited", "crashed"], sessions.crashed[told].astype(np.int64)),
        "started": pa.array(sessions.start[told], pa.int64()).cast(SCHEMA["started"]),
        "duration_s": pa.array(sessions.seconds[told].round(3)),
        "errors": pa.array((sessions.errors + sessions.crashed)[told].astype(np.uint32)),
        "count": pa.repeat(pa.scalar(1, pa.uint32()), len(told)),
    }
    index = np.flatnonzero(sessions.crashed)
    which = pick(draw.rng, [4, 3, 2, 1], len(index))
    scanner = hurt(draw.fleet, sessions.who[index], sessions.release[index])
    which = np.where(scanner, len(CRASHES) - 1, which)
    yield Rows("crash", index, end[index], crash_columns(which))
    yield Rows("session", told, end[told], own)


def crash_columns(which: Ints) -> dict[str, pa.Array]:
    """Own columns of the crashes CRASHES[which]; ``stack`` has the innermost frame first."""
    return {
        "exception": words([name for name, *_ in CRASHES], which),
        "message": words([message for _, message, *_ in CRASHES], which),
        "signal": words([signal for *_, signal, _ in CRASHES], which),
        "stack": words(["\n".join(stack) for *_, stack in CRASHES], which),
    }
