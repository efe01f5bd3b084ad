"""PDF files from a process of their own, one at a time: the server keeps neither the time nor the memory they take."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Final

import msgspec

from lopan.analytics.report import Report
from lopan.errors import LopanError, TryAgain

SECONDS: Final = 60.0
_MODULE: Final = "lopan.web.people.pdf"
_LOG = logging.getLogger(__name__)


class PrintError(LopanError):
    """The PDF could not be drawn; the log says why."""


class Printer:
    """Draws PDFs; those who ask meanwhile wait, up to a queue of eight."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def pdf(self, report: Report) -> bytes:
        """The report as a file; raises TryAgain when too many wait, PrintError when it can't be drawn."""
        if self._waiting >= 8:
            raise TryAgain("several PDF files are being made at this moment", 5.0)
        self._waiting += 1
        try:
            async with self._turn:
                return await _drawn(msgspec.json.encode(report))
        finally:
            self._waiting -= 1


async def _drawn(report: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        _MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LANG", "TZDIR")},
    )
    try:
        async with asyncio.timeout(SECONDS):
            made, said = await process.communicate(report)
    except TimeoutError:
        raise PrintError(
            f"the PDF took longer than {SECONDS:g} s; ask for it again when the machine is less busy"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not made.startswith(b"%PDF"):
        _LOG.error("%s ended with %s: %s", _MODULE, process.returncode, said.decode("utf-8", "replace")[-4_000:])
        raise PrintError("the PDF could not be drawn; the log of Lopan says why")
    return made
