"""How often something may fail before it has to wait; in memory, bounded, and gone with the process."""

from __future__ import annotations

import ipaddress

from lopan.clock import Clock


class Throttle:
    """At most ``limit`` failures per key within ``window`` seconds of the first; remembers ``size`` keys."""

    def __init__(self, limit: int, window: float, clock: Clock, size: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._size = size
        self._failures: dict[str, tuple[float, int]] = {}

    def wait(self, key: str) -> float:
        """Seconds until the next attempt is allowed; 0 means now."""
        since, failures = self._failures.get(key, (0.0, 0))
        if failures < self._limit:
            return 0.0
        return max(0.0, since + self._window - self._clock.monotonic())

    def fail(self, key: str) -> None:
        """Count a failure; when ``size`` keys are known, the one that began first is forgotten."""
        now = self._clock.monotonic()
        since, failures = self._failures.get(key, (now, 0))
        if since + self._window <= now:
            since, failures = now, 0
            self._failures.pop(key, None)
        if key not in self._failures and len(self._failures) >= self._size:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = (since, failures + 1)

    def forgive(self, key: str) -> None:
        """Take back one failure."""
        since, failures = self._failures.pop(key, (0.0, 0))
        if failures > 1:
            self._failures[key] = (since, failures - 1)

    def clear(self, key: str) -> None:
        """Forget every failure of ``key``."""
        self._failures.pop(key, None)


def network(host: str) -> str:
    """The address to count by: an IPv6 /64, for one customer has all of it; anything else as it is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
