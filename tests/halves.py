"""All tests, in two halves at once: machines have two cores, and most tests wait for a process of their own.

The first half is printed as it goes, the second when it has ended; with arguments it is pytest and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent
PAGES = "web"


def main(arguments: list[str]) -> int:
    """The worst exit code of both halves."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments])
    others = sorted(
        str(path)
        for path in ROOT.iterdir()
        if path.name != PAGES and (path.is_dir() or path.name.startswith("test_")) and path.name != "__pycache__"
    )
    with tempfile.TemporaryFile() as kept:
        pages = subprocess.Popen([*pytest, "-p", "no:cacheprovider", str(ROOT / PAGES)], stdout=kept, stderr=kept)
        code = subprocess.call([*pytest, "-p", "no:cacheprovider", *others])
        code = max(code, pages.wait())
        kept.seek(0)
        sys.stdout.buffer.write(kept.read())
        sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
