"""All tests, two groups at a time: machines have two cores, and most tests wait for a process of their own.

A group is a process: the engine counts memory by the process, and stores that many tests opened add up. What a group
printed comes when it has ended; with arguments this is pytest and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent
PYTEST = [sys.executable, "-m", "pytest"]
LANES = 2
GROUPS = (
    ("analytics",),
    (),
    ("web/people", "web/overview"),
    ("web",),
    ("web/business", "web/customers", "web/market"),
    ("alerts", "bench", "catalog", "cli"),
)
"""The longest first; a folder in a group of its own is left out of that around it, the empty one is all the rest."""


def main(arguments: list[str]) -> int:
    """The worst exit code of all groups; that of one which was killed is the number of the signal."""
    if arguments:
        return subprocess.call([*PYTEST, *arguments])
    with ThreadPoolExecutor(LANES) as lanes:
        return max(map(abs, lanes.map(run, GROUPS)))


def run(group: tuple[str, ...]) -> int:
    """One group in a process of its own."""
    paths = [str(ROOT / name) for name in group] or others()
    inner = [f"--ignore={ROOT / name}" for name in named() - set(group) if name.partition("/")[0] in group]
    ended = subprocess.run(
        [*PYTEST, "-p", "no:cacheprovider", *paths, *inner], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    sys.stdout.buffer.write(ended.stdout)
    sys.stdout.flush()
    return ended.returncode


def named() -> set[str]:
    """Every folder that a group names."""
    return {name for group in GROUPS for name in group}


def others() -> list[str]:
    """Every folder and file of tests that no group names."""
    found = [path for path in ROOT.iterdir() if path.name not in named() and not path.name.startswith("_")]
    return sorted(str(path) for path in found if path.is_dir() or path.name.startswith("test_"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
