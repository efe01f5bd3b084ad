"""Documentation can't lie: the reference pages are what the code says, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import generate

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("name", sorted(generate.PAGES))
def test_reference_is_up_to_date(name: str) -> None:
    """`make docs` writes the pages anew."""
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == generate.render(name), f"docs/reference/{name} is out of date: run `make docs`"


def test_no_page_is_left_from_the_past() -> None:
    assert {path.name for path in (ROOT / "docs" / "reference").glob("*.md")} == set(generate.PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not broken


def test_every_package_has_its_line_on_the_map() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "lopan"
    units = {path.stem for path in source.iterdir() if path.is_dir() or path.suffix == ".py"} - {
        "__init__",
        "__pycache__",
    }
    assert not {unit for unit in units if f"| `{unit}` |" not in text}
