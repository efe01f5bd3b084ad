"""The event types. A field's annotation is its limit; msgspec enforces it while decoding."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Word = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=8_000)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Count = Annotated[int, Meta(ge=0, le=4_294_967_295)]
EventId = Annotated[str, Meta(max_length=36)]
Time = Annotated[datetime, Meta(tz=True)]
Attribute = Annotated[str, Meta(max_length=1_000)] | int | float | bool | None
Attributes = Annotated[dict[Annotated[str, Meta(min_length=1, max_length=200)], Attribute], Meta(max_length=64)]


class Base(msgspec.Struct, tag_field="type", kw_only=True, gc=False):
    """What every event may carry; only ``time`` (RFC 3339 with a zone) must be there.

    ``event_id`` makes repeats of the event harmless; without it every arrival counts.
    ``install`` names an installation of the app, ``user`` a person, ``session`` one use of the app.
    """

    time: Time
    event_id: EventId = ""
    release: Word = ""
    build: Word = ""
    environment: Word = ""
    os: Word = ""
    device: Word = ""
    install: Word = ""
    user: Word = ""
    customer: Word = ""
    role: Word = ""
    session: Word = ""
    screen: Word = ""
    attributes: Attributes | None = None


class AppLaunch(Base, tag="app_launch", kw_only=True, gc=False):
    """Process start to first frame; ``prewarmed`` launches are kept but not what the user waited for."""

    kind: Literal["cold", "warm", "hot", "prewarmed"] = "cold"
    duration_ms: Amount


class FrameStats(Base, tag="frame_stats", kw_only=True, gc=False):
    """Frames drawn over ``duration_s`` seconds; ``slow`` missed one refresh, ``frozen`` took over 700 ms."""

    duration_s: Annotated[float, Meta(gt=0, le=86_400)]
    frames: Count
    slow: Count = 0
    frozen: Count = 0
    hitch_ms: Amount = 0.0
    refresh_rate: Annotated[float, Meta(gt=0, le=1_000)] = 60.0
    scrolling: bool = True


class Memory(Base, tag="memory", kw_only=True, gc=False):
    """Physical footprint of the app, 1 MB = 10^6 bytes."""

    footprint_mb: Amount
    peak_mb: Amount = 0.0


class Hang(Base, tag="hang", kw_only=True, gc=False):
    """The main thread did not answer for ``duration_ms``."""

    duration_ms: Amount


class Crash(Base, tag="crash", kw_only=True, gc=False):
    """The app ended against its will; with a ``session`` that session counts as crashed.

    ``frames``: the stack, innermost first, one line a frame.
    """

    exception: Word = ""
    message: Text = ""
    frames: Annotated[list[Annotated[str, Meta(max_length=1_000)]], Meta(max_length=512)] = []
    signal: Word = ""


class Error(Base, tag="error", kw_only=True, gc=False):
    """An exception that the app caught and lived on; never part of the crash rate."""

    exception: Word = ""
    message: Text = ""
    frames: Annotated[list[Annotated[str, Meta(max_length=1_000)]], Meta(max_length=512)] = []
    level: Word = "error"


class Session(Base, tag="session", kw_only=True, gc=False):
    """The state of one use of the app; several may arrive for one session, in any order.

    ``count`` > 1 stands for that many sessions without ids (Sentry's aggregates).
    """

    status: Literal["ok", "exited", "crashed", "abnormal"]
    started: Time | None = None
    duration_s: Annotated[float, Meta(ge=0, le=8_640_000)] = 0.0
    errors: Count = 0
    count: Annotated[int, Meta(ge=1, le=4_294_967_295)] = 1


class Action(Base, tag="action", kw_only=True, gc=False):
    """A user used ``feature``; ``action`` says how."""

    feature: Name
    action: Word = ""


class Workflow(Base, tag="workflow", kw_only=True, gc=False):
    """One ``step`` of ``workflow`` reached ``status``; ``instance`` tells runs of one user apart."""

    workflow: Name
    instance: Word = ""
    step: Name
    status: Word = ""


class Feedback(Base, tag="feedback", kw_only=True, gc=False):
    """An answer to ``survey``: ``score`` on ``scale`` (csat 1-5, nps 0-10, rating 1-5)."""

    survey: Name
    scale: Word = ""
    score: Annotated[float, Meta(ge=0, le=100)]
    comment: Text = ""


class Network(Base, tag="network", kw_only=True, gc=False):
    """One request made by the app; ``status`` 0 = no answer came."""

    host: Name
    route: Word = ""
    method: Word = ""
    status: Annotated[int, Meta(ge=0, le=999)]
    duration_ms: Amount


class Security(Base, tag="security", kw_only=True, gc=False):
    """Something that may be a security incident."""

    category: Name
    severity: Word = ""
    detail: Text = ""


class Optimizer(Base, tag="optimizer", kw_only=True, gc=False):
    """What an in-app optimiser did: ``metric`` moved from ``before`` to ``after``."""

    component: Name
    state: Word = ""
    metric: Word = ""
    before: Annotated[float, Meta(ge=-1e12, le=1e12)] = 0.0
    after: Annotated[float, Meta(ge=-1e12, le=1e12)] = 0.0


class Directive(Base, tag="directive", kw_only=True, gc=False):
    """What became of a directive: ``directive`` is its id as ``GET /v1/directives`` gave it.

    ``shown``, ``dismissed`` and ``clicked`` are of messages and surveys, ``applied`` and ``failed`` of all others.
    """

    directive: Name
    outcome: Literal["shown", "dismissed", "clicked", "applied", "failed"]
    detail: Text = ""


class Identify(Base, tag="identify", kw_only=True, gc=False):
    """``user`` and ``previous`` are names of one person, for the past too: say it once both are known."""

    previous: Name

    def __post_init__(self) -> None:
        """Refuse an event that names one person only."""
        if not self.user:
            raise ValueError("user has to name the person whose other name is in previous")


Event = (
    AppLaunch
    | FrameStats
    | Memory
    | Hang
    | Crash
    | Error
    | Session
    | Action
    | Workflow
    | Feedback
    | Network
    | Security
    | Optimizer
    | Directive
    | Identify
)

TYPES: dict[str, type[Base]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        AppLaunch,
        FrameStats,
        Memory,
        Hang,
        Crash,
        Error,
        Session,
        Action,
        Workflow,
        Feedback,
        Network,
        Security,
        Optimizer,
        Directive,
        Identify,
    )
}
