"""Typed telemetry events: what a client may say, with limits, and nothing about where it goes."""

from lopan.event.decode import Accepted, Refusal, decode_batch
from lopan.event.types import (
    TYPES,
    Action,
    AppLaunch,
    Crash,
    Error,
    Event,
    Feedback,
    FrameStats,
    Hang,
    Identify,
    Memory,
    Network,
    Optimizer,
    Security,
    Session,
    Workflow,
)

__all__ = [
    "TYPES",
    "Accepted",
    "Action",
    "AppLaunch",
    "Crash",
    "Error",
    "Event",
    "Feedback",
    "FrameStats",
    "Hang",
    "Identify",
    "Memory",
    "Network",
    "Optimizer",
    "Refusal",
    "Security",
    "Session",
    "Workflow",
    "decode_batch",
]
