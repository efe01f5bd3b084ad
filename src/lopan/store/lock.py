"""One process owns a data directory: the engine answers a second one with an empty error, this says who has it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lopan.errors import Locked


@contextmanager
def hold(root: Path) -> Iterator[None]:
    """Hold the directory until the block ends or the process dies; raises Locked naming the holder."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "lopan.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            message = f"{root} is in use by process {holder}; stop it first, or give --data another directory"
            raise Locked(message) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
