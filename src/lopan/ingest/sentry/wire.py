"""What is read of Sentry's JSON: only the fields below; msgspec skips all others without building them.

Everything may be missing or null, because every SDK leaves something out.
"""

from __future__ import annotations

from typing import Any

import msgspec

Scalar = str | int | float | bool | None
When = str | int | float | None
Tags = dict[str, Scalar] | list[tuple[str, Scalar] | None] | None


class Part(msgspec.Struct, gc=False):
    """Base of all wire structs, outside of cyclic collection: they live for one request."""


class Frame(Part, gc=False):
    """One stack frame; only native ones have ``package`` (path of the binary) and ``instruction_addr``."""

    function: str | None = None
    filename: str | None = None
    module: str | None = None
    lineno: int | None = None
    package: str | None = None
    instruction_addr: str | int | None = None


class Stacktrace(Part, gc=False):
    """Frames, outermost (oldest) first."""

    frames: list[Frame | None] | None = None


class Named(Part, gc=False):
    """A signal or Mach exception; version 1.x says ``exception_name``."""

    name: str | None = None
    exception_name: str | None = None


class MechanismMeta(Part, gc=False):
    """What the system said about a native crash."""

    signal: Named | None = None
    mach_exception: Named | None = None


class Mechanism(Part, gc=False):
    """How an exception was caught; version 1.x has ``posix_signal`` and ``mach_exception`` and no ``handled``."""

    type: str | None = None
    handled: bool | None = None
    meta: MechanismMeta | None = None
    posix_signal: Named | None = None
    mach_exception: Named | None = None


class Raised(Part, gc=False):
    """One exception of a chain."""

    type: str | None = None
    value: Scalar = None
    module: str | None = None
    mechanism: Mechanism | None = None
    stacktrace: Stacktrace | None = None


class Exceptions(Part, gc=False):
    """The chain, cause first; the last one is what was raised last."""

    values: list[Raised | None] | None = None


class Thread(Part, gc=False):
    """A thread at the time of the event."""

    crashed: bool | None = None
    current: bool | None = None
    stacktrace: Stacktrace | None = None


class Threads(Part, gc=False):
    """All threads, or those that the client sends."""

    values: list[Thread | None] | None = None


class Message(Part, gc=False):
    """A log message; ``formatted`` has its parameters filled in."""

    message: str | None = None
    formatted: str | None = None


class User(Part, gc=False):
    """The person; ``data`` holds what the app adds."""

    id: Scalar = None
    username: Scalar = None
    email: Scalar = None
    role: Scalar = None
    data: dict[str, Any] | None = None


class App(Part, gc=False):
    """``app_memory`` in bytes; ``device_app_hash`` names the installation; ``start_type`` like ``cold.prewarmed``."""

    app_memory: float | None = None
    app_build: Scalar = None
    device_app_hash: str | None = None
    start_type: str | None = None
    view_names: list[str | None] | None = None


class Device(Part, gc=False):
    """``model`` like ``iPhone15,2``."""

    model: str | None = None
    family: str | None = None


class Os(Part, gc=False):
    """Operating system of the device."""

    name: str | None = None
    version: str | None = None


class Trace(Part, gc=False):
    """The root span; ``data`` holds standalone app-start vitals and frame delays."""

    op: str | None = None
    data: dict[str, Any] | None = None


class FeedbackContext(Part, gc=False):
    """What the person wrote; ``rating`` and ``score`` are sent by apps, not by Sentry's own form."""

    message: str | None = None
    rating: float | None = None
    score: float | None = None
    scale: str | None = None


class Contexts(Part, gc=False):
    """The contexts that carry figures."""

    app: App | None = None
    device: Device | None = None
    os: Os | None = None
    trace: Trace | None = None
    feedback: FeedbackContext | None = None


class Sdk(Part, gc=False):
    """Name and version of the client."""

    name: str | None = None
    version: str | None = None


class Common(Part, gc=False, kw_only=True):
    """Fields of errors, transactions and feedback alike."""

    event_id: str | None = None
    timestamp: When = None
    type: str | None = None
    platform: str | None = None
    release: str | None = None
    dist: Scalar = None
    environment: str | None = None
    transaction: str | None = None
    user: User | None = None
    tags: Tags = None
    contexts: Contexts | None = None
    sdk: Sdk | None = None


class Event(Common, gc=False, kw_only=True):
    """An ``event`` item or the body of ``/store/``; ``threads`` stays raw until a stack is missing."""

    level: str | None = None
    message: str | Message | None = None
    logentry: Message | None = None
    exception: Exceptions | list[Raised | None] | None = None
    old_exception: Exceptions | list[Raised | None] | None = msgspec.field(
        name="sentry.interfaces.Exception", default=None
    )
    stacktrace: Stacktrace | None = None
    threads: msgspec.Raw = msgspec.Raw()


class Measurement(Part, gc=False):
    """A figure of a transaction; ``unit`` is ``millisecond``, ``second``, ``none`` and so on."""

    value: float | None = None
    unit: str | None = None


class Span(Part, gc=False):
    """One timed operation; times are Unix seconds or RFC 3339."""

    span_id: str | None = None
    op: str | None = None
    description: str | None = None
    start_timestamp: When = None
    timestamp: When = None
    data: dict[str, Any] | None = None
    tags: Tags = None


class Transaction(Common, gc=False, kw_only=True):
    """A ``transaction`` item; ``transaction`` is its name."""

    start_timestamp: When = None
    measurements: dict[str, Measurement | None] | None = None
    spans: list[Span | None] | None = None


class SessionAttributes(Part, gc=False):
    """What all updates of a session share."""

    release: str | None = None
    environment: str | None = None


class Session(Part, gc=False):
    """One update: the whole state of a session so far; ``duration`` in seconds."""

    sid: str | None = None
    did: Scalar = None
    seq: int | None = None
    started: When = None
    timestamp: When = None
    duration: float | None = None
    status: str | None = None
    errors: int | None = None
    abnormal_mechanism: str | None = None
    attrs: SessionAttributes | None = None


class Aggregate(Part, gc=False):
    """Counts of ended sessions that began in the same minute; the four don't overlap."""

    started: When = None
    did: Scalar = None
    exited: int | None = None
    errored: int | None = None
    crashed: int | None = None
    abnormal: int | None = None


class Sessions(Part, gc=False):
    """A ``sessions`` item."""

    aggregates: list[Aggregate | None] | None = None
    attrs: SessionAttributes | None = None


class Discarded(Part, gc=False):
    """``quantity`` items of ``category`` thrown away by the client because of ``reason``."""

    reason: str | None = None
    category: str | None = None
    quantity: int | None = None


class ClientReport(Part, gc=False):
    """A ``client_report`` item: the only honest measure of what never arrived."""

    discarded_events: list[Discarded | None] | None = None
