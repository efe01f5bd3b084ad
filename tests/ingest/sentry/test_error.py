from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lopan.event import Crash, Error, Event, Hang, Memory
from lopan.ingest.sentry import error
from lopan.ingest.sentry.fields import Sending

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def read(**event: Any) -> list[Event]:
    return error.read(error.decode(json.dumps(event).encode()), Sending(NOON), "a" * 32)


def raised(kind: str = "Boom", value: str = "", **mechanism: Any) -> dict[str, Any]:
    return {"values": [{"type": kind, "value": value, "mechanism": mechanism}]}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        pytest.param({"exception": raised(handled=False)}, Crash, id="unhandled"),
        pytest.param({"exception": raised(handled=True), "level": "fatal"}, Error, id="handled, fatal"),
        pytest.param({"exception": raised()}, Error, id="nothing said"),
        pytest.param({"exception": raised(type="mach")}, Crash, id="mach"),
        pytest.param({"exception": raised(posix_signal={"name": "SIGABRT"})}, Crash, id="signal of 1.x"),
        pytest.param({"exception": raised(), "level": "fatal", "platform": "cocoa"}, Crash, id="fatal, native"),
        pytest.param({"exception": raised(), "level": "fatal", "platform": "python"}, Error, id="fatal, scripted"),
        pytest.param({"level": "fatal", "platform": "cocoa", "message": "x"}, Error, id="fatal message"),
        pytest.param({"message": "hello", "level": "info"}, Error, id="message"),
        pytest.param({"exception": raised(type="MXCrashDiagnostic", handled=False)}, Error, id="MetricKit crash"),
        pytest.param({"exception": raised(type="mx_hang_diagnostic", handled=False)}, Error, id="MetricKit hang"),
        pytest.param({"exception": raised(type="watchdog_termination")}, Crash, id="watchdog"),
        pytest.param({"exception": raised(value="for at least 2000 ms.", type="AppHang")}, Hang, id="hang"),
        pytest.param({"exception": raised(value="for a while", type="AppHang")}, Error, id="hang of unknown length"),
        pytest.param({"sentry.interfaces.Exception": raised(handled=False)}, Crash, id="old interface name"),
        pytest.param({"exception": [{"type": "Boom", "mechanism": {"handled": False}}]}, Crash, id="bare list"),
    ],
)
def test_what_an_event_is(event: dict[str, Any], kind: type[Event]) -> None:
    (found,) = read(**event)
    assert type(found) is kind


@pytest.mark.parametrize(
    ("value", "duration_ms"),
    [
        ("App hanging between 2.1 and 3.4 seconds.", 2_750),
        ("App hanging between 2.0 and 2.0 seconds.", 2_000),
        ("App hanging for at least 2000 ms.", 2_000),
        ("ANR for at least 5000 ms.", 5_000),
        ("The user or the OS watchdog terminated your app while it blocked the main thread for at least 2.5 s.", 2_500),
        ("stuck for 1 second", 1_000),
    ],
)
def test_how_long_a_hang_was(value: str, duration_ms: float) -> None:
    (hang,) = read(exception=raised("App Hang Fully Blocked", value, type="AppHang"))
    assert isinstance(hang, Hang)
    assert hang.duration_ms == pytest.approx(duration_ms)


@pytest.mark.parametrize(
    ("kind", "fatal"), [("App Hang Fully Blocked", None), ("Fatal App Hang Non Fully Blocked", "true")]
)
def test_a_fatal_hang_says_so(kind: str, fatal: str | None) -> None:
    (hang,) = read(exception=raised(kind, "for at least 2000 ms", type="AppHang"))
    assert (hang.attributes or {}).get("fatal") == fatal


@pytest.mark.parametrize(
    ("mechanism", "signal"),
    [
        ({"meta": {"signal": {"name": "SIGSEGV"}, "mach_exception": {"name": "EXC_BAD_ACCESS"}}}, "SIGSEGV"),
        ({"meta": {"mach_exception": {"name": "EXC_BAD_ACCESS"}}}, "EXC_BAD_ACCESS"),
        ({"posix_signal": {"name": "SIGABRT"}}, "SIGABRT"),
        ({"mach_exception": {"exception_name": "EXC_CRASH"}}, "EXC_CRASH"),
        ({}, ""),
    ],
)
def test_the_signal_of_a_crash(mechanism: dict[str, Any], signal: str) -> None:
    (crash,) = read(exception=raised(handled=False, **mechanism))
    assert isinstance(crash, Crash)
    assert crash.signal == signal


def test_the_last_exception_of_a_chain_is_the_one_raised() -> None:
    (found,) = read(exception={"values": [{"type": "Cause"}, None, {"type": "Outcome", "value": 7}]})
    assert isinstance(found, Error)
    assert (found.exception, found.message) == ("Outcome", "7")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"message": "plain"}, "plain"),
        ({"message": {"message": "%s", "formatted": "filled"}}, "filled"),
        ({"logentry": {"message": "entry"}, "message": "other"}, "entry"),
        ({}, ""),
    ],
)
def test_the_message_of_a_log_entry(event: dict[str, Any], message: str) -> None:
    (found,) = read(**event)
    assert isinstance(found, Error)
    assert found.message == message


@pytest.mark.parametrize(
    ("event", "frames"),
    [
        pytest.param(
            {"exception": [{"stacktrace": {"frames": [{"function": "outer"}, None, {"function": "inner"}]}}]},
            ["inner", "outer"],
            id="innermost first",
        ),
        pytest.param(
            {
                "exception": [{}],
                "threads": {"values": [{"current": True, "stacktrace": {"frames": [{"function": "a"}]}}]},
            },
            ["a"],
            id="current thread",
        ),
        pytest.param({"threads": [{"stacktrace": {"frames": [{"module": "m"}]}}]}, ["? (m)"], id="the only thread"),
        pytest.param(
            {"threads": [{"stacktrace": {"frames": [{"function": name}]}} for name in "ab"]}, [], id="which thread?"
        ),
        pytest.param({"stacktrace": {"frames": [{"filename": "f", "lineno": 0}]}}, ["? (f:0)"], id="of the event"),
        pytest.param({"threads": "none"}, [], id="threads of another shape"),
    ],
)
def test_where_the_stack_is_taken_from(event: dict[str, Any], frames: list[str]) -> None:
    (found,) = read(**event)
    assert isinstance(found, Error)
    assert found.frames == frames


@pytest.mark.parametrize(("bytes_", "footprints"), [(150_000_000, [150.0]), (0, []), (-1, []), (None, [])])
def test_memory_comes_with_an_id_of_its_own(bytes_: float | None, footprints: list[float]) -> None:
    main, *memory = read(message="x", contexts={"app": {"app_memory": bytes_}})
    assert [event.footprint_mb for event in memory if isinstance(event, Memory)] == footprints
    assert main.event_id == "a" * 32
    assert all(event.event_id not in ("", main.event_id) for event in memory)
