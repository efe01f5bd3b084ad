"""Keep pandas out of the process: pyarrow loads it at the first conversion if it is installed, for nothing Lopan uses.

It costs 60 MB and half a second. pyarrow asks once and remembers, so the door is closed only for that moment.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa


class _Closed(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ImportError("kept out by lopan.lean")
        return None


def without_pandas() -> None:
    """Call before the first ``pa.array`` of the process, so make none on import; later it is in vain."""
    if "pandas" in sys.modules:
        return
    door = _Closed()
    sys.meta_path.insert(0, door)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(door)
