"""``lopan serve`` as a process of its own, started, waited for and ended."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx

from lopan.errors import GiveUp

READY_S = 60.0
_STOP_S = 30.0


class Server:
    """A running server; leaving the ``with`` block ends it in order. ``ready_s`` is how long it took to answer."""

    def __init__(
        self,
        root: Path,
        port: int,
        host: str = "127.0.0.1",
        flags: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        log: IO[str] | None = None,
    ) -> None:
        command = [sys.executable, "-m", "lopan.cli", "serve", "--data", str(root), "--host", host, "--port", str(port)]
        reached = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  compared, not bound
        self.url = f"http://{reached}:{port}"
        self._began = time.monotonic()
        self.process = subprocess.Popen([*command, *flags], env=environ, stdout=log, stderr=log)
        self.ready_s = 0.0

    def wait(self) -> float:
        """Seconds until the first answer; raises GiveUp when it ended or 60 s were not enough."""
        while time.monotonic() - self._began < READY_S:
            self.check()
            try:
                httpx.get(f"{self.url}/healthz", timeout=1.0)
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            self.ready_s = time.monotonic() - self._began
            return self.ready_s
        raise GiveUp(f"the server did not answer on {self.url} within {READY_S:.0f} s; its log says why")

    def check(self) -> None:
        """Raises GiveUp when the process has ended."""
        code = self.process.poll()
        if code is not None:
            raise GiveUp(f"the server ended with code {code}; its messages above say why")

    def stop(self) -> None:
        """Ask it to finish; end it after 30 s."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A TCP port on loopback that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
