"""What a process costs while it is driven: CPU seconds, resident memory now and at its highest."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import psutil

_EVERY_S = 0.05


class Meter:
    """Watches one process from another thread until ``close``."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._peak = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._thread.start()

    @property
    def cpu_s(self) -> float:
        """User and system seconds since the process began."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    @property
    def rss_mb(self) -> float:
        """Resident memory now, 1 MB = 10^6 bytes."""
        return float(self._process.memory_info().rss / 1e6)

    @property
    def peak_mb(self) -> float:
        """Highest resident memory seen, sampled 20 times a second."""
        return self._peak / 1e6

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(_EVERY_S):
            try:
                self._peak = max(self._peak, self._process.memory_info().rss)
            except psutil.NoSuchProcess:
                return


def quantile(values: Sequence[float], q: float) -> float:
    """The smallest value that at least a share ``q`` of the values does not exceed; NaN of nothing."""
    return float(np.quantile(values, q, method="inverted_cdf")) if len(values) else float("nan")
