"""An app with the unmodified sentry-sdk, started as a process of its own: ``shop.py DSN SCENE``."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterable
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware


def checkout(items: int) -> float:
    return 100 / items


def session(scene: Callable[[], None]) -> None:
    scope = sentry_sdk.get_isolation_scope()
    scope.start_session()
    scene()
    scope.end_session()


def handled() -> None:
    try:
        checkout(0)
    except ZeroDivisionError:
        sentry_sdk.capture_exception()


def message() -> None:
    sentry_sdk.capture_message("hello")


def crash() -> None:
    """The session ends after the interpreter's last word on the exception, as a launcher would do it."""
    scope = sentry_sdk.get_isolation_scope()
    atexit.register(scope.end_session)
    scope.start_session()
    checkout(0)


def requests() -> None:
    """Ten requests to a WSGI app, three of which nobody catches and two of which log an error."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/crash":
            checkout(0)
        if environ["PATH_INFO"] == "/handled":
            handled()
        start_response("200 OK", [])
        return [b"ok"]

    served = SentryWsgiMiddleware(app)
    for path in ["/crash"] * 3 + ["/handled"] * 2 + ["/ok"] * 5:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "shop.test",
            "SERVER_PORT": "80",
        }
        environ |= {"wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
        try:
            list(served(environ, lambda *_: lambda _: None))
        except ZeroDivisionError:
            continue


SCENES: dict[str, Callable[[], None]] = {
    "ok": lambda: session(lambda: None),
    "handled": lambda: session(handled),
    "message": lambda: session(message),
    "crash": crash,
    "requests": requests,
}

if __name__ == "__main__":
    sentry_sdk.init(sys.argv[1], release="shop@2.1.0+341", environment="test", shutdown_timeout=10)
    sentry_sdk.set_user({"id": 42, "role": "salesperson"})
    sentry_sdk.set_tag("customer", "acme")
    SCENES[sys.argv[2]]()
