"""Named troubles that can be switched on while the fleet is live; each alters events on their way out.

The switches are lines of a text file in the data directory, so that another process can throw them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from uuid import UUID
from zlib import crc32

from lopan.demo.factory.troubles import TROUBLES
from lopan.demo.native import Event
from lopan.demo.product import COMMENTS, CRASHES, RELEASES, WORKFLOWS
from lopan.errors import Rejected

FILE = "scenarios"
NEWEST = RELEASES[-1].version

Scenario = Callable[[Event, float, Random], list[Event]]


def launch_regression(event: Event, minutes: float, random: Random) -> list[Event]:
    """The newest release takes 2.8 times as long to launch; the others stay as they are."""
    if event["type"] == "app_launch" and event.get("release") == NEWEST:
        event["duration_ms"] = round(event["duration_ms"] * 2.8, 3)
    return [event]


def memory_leak(event: Event, minutes: float, random: Random) -> list[Event]:
    """Every footprint grows by 20 MB a minute up to 160 MB more; past 110 MB the system ends one session in fifty."""
    grown = min(20.0 * minutes, 160.0)
    if event["type"] == "memory":
        event["footprint_mb"] = round(event["footprint_mb"] + grown, 2)
        event["peak_mb"] = round(event["peak_mb"] + grown * 1.2, 2)
    if _runs(event) and grown > 110 and random.random() < 0.02:
        return crash(event, 3, random)
    return [event]


def crash_spike(event: Event, minutes: float, random: Random) -> list[Event]:
    """One start and one end of a session in 25 is a crash."""
    if _runs(event) and random.random() < 0.04:
        return crash(event, 1, random)
    return [event]


def outage(event: Event, minutes: float, random: Random) -> list[Event]:
    """The backend is gone: nine requests in ten fail after up to 30 s, launches wait for it, workflows stop."""
    match event["type"]:
        case "network" if random.random() < 0.9:
            event["status"] = random.choice((0, 502, 503, 503))
            event["duration_ms"] = round(random.uniform(4_000, 30_000), 3)
        case "app_launch":
            event["duration_ms"] = round(event["duration_ms"] + random.uniform(1_200, 2_400), 3)
        case "workflow" if event["step"] == "confirm":
            return []
    return [event]


def feature_launch(event: Event, minutes: float, random: Random) -> list[Event]:
    """A feature nobody has seen before takes over more and more of the actions, up to one in three after 15 minutes."""
    if event["type"] == "action" and random.random() < min(minutes / 45, 1 / 3):
        event |= {"feature": "voice_notes", "screen": "Voice notes"}
    return [event]


def workflow_trouble(event: Event, minutes: float, random: Random) -> list[Event]:
    """Half of the batches fail at the quality check, and their runs end there."""
    if event["type"] != "workflow" or event["workflow"] != "complete_batch" or crc32(event["instance"].encode()) % 2:
        return [event]
    steps = [step.name for step in WORKFLOWS["complete_batch"]]
    if event["step"] == "quality_check" and event["status"] == "completed":
        event["status"] = "failed"
    return [event] if steps.index(event["step"]) <= steps.index("quality_check") else []


def unhappy_users(event: Event, minutes: float, random: Random) -> list[Event]:
    """Everybody answers with the lowest third of the scale, and says why."""
    if event["type"] == "feedback":
        event["score"] = float(random.randint(*((0, 4) if event["scale"] == "nps" else (1, 2))))
        event["comment"] = random.choice(COMMENTS["low"])
    return [event]


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        launch_regression,
        memory_leak,
        crash_spike,
        outage,
        feature_launch,
        workflow_trouble,
        unhappy_users,
    )
}


NAMES = (*SCENARIOS, *TROUBLES)
"""Of the app, then of the business."""


def crash(session: Event, which: int, random: Random) -> list[Event]:
    """``session`` ended by CRASHES[which]: the crash and the session's last word."""
    exception, message, signal, stack = CRASHES[which]
    common = {name: value for name, value in session.items() if name not in _OF_SESSION}
    ended = session | {"status": "crashed", "errors": session.get("errors", 0) + 1}
    report = common | {
        "type": "crash",
        "event_id": str(UUID(int=random.getrandbits(128), version=4)),
        "exception": exception,
        "message": message,
        "signal": signal,
        "frames": list(stack),
    }
    return [report, ended]


def _runs(event: Event) -> bool:
    return bool(event["type"] == "session" and event["status"] != "crashed")


_OF_SESSION = {"status", "started", "duration_s", "errors", "count"}


def active(root: Path) -> frozenset[str]:
    """The scenarios that are on for the demo in ``root``."""
    try:
        lines = (root / FILE).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return frozenset()
    return frozenset(lines) & frozenset(NAMES)


def switch(root: Path, name: str, on: bool) -> frozenset[str]:
    """Turn one scenario on or off and return those that are on now; an unknown name is Rejected."""
    known([name])
    if not root.is_dir():
        raise Rejected("--data", f"{root} is not the directory of a demo; start one with `lopan demo`")
    names = active(root) | {name} if on else active(root) - {name}
    fresh = root / f"{FILE}.new"
    fresh.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    fresh.replace(root / FILE)
    return names


def clear(root: Path) -> None:
    """Turn everything off."""
    (root / FILE).unlink(missing_ok=True)


def known(names: Iterable[str]) -> None:
    """Raises Rejected for a name that is not a scenario."""
    for name in names:
        if name not in NAMES:
            raise Rejected("scenario", f"there is no {name!r}; there are {', '.join(sorted(NAMES))}")
