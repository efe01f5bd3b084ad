from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lopan.catalog import business
from lopan.catalog.business import Business
from lopan.errors import ConfigError


def written(root: Path, **files: str) -> Path:
    (root / "business").mkdir()
    for name, text in files.items():
        (root / "business" / f"{name}.toml").write_text(text, encoding="utf-8")
    return root


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert business.load(tmp_path) == business.load() == Business()


def test_files_add_up_and_leave_the_rest_as_it_is(tmp_path: Path) -> None:
    roi = "[roi]\nstart = 2026-02-01\nloaded_rate = 30\n[roi.phi]\nlow = 0.1\n"
    found = business.load(written(tmp_path, roi=roi, value="[value]\nruns = 3\n"))
    assert (found.roi.start, found.roi.loaded_rate, found.roi.phi.low, found.roi.phi.high) == (
        date(2026, 2, 1),
        30,
        0.1,
        0.7,
    )
    assert (found.value.runs, found.value.people, found.retention.grace_days) == (3, 2, 30)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[roi.phi]\nlow = 0.9\n", "roi.toml.*rise"),
        ("[roi]\nphy = 1\n", "roi.toml.*phy"),
        ("[roi]\ncarrying_rate = 20\n", "roi.toml.*<= 1"),
        ("[roi", "roi.toml"),
    ],
    ids=["order", "misspelt", "per cent", "broken"],
)
def test_what_is_wrong_is_said_with_its_file(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        business.load(written(tmp_path, roi=text))


def test_a_section_stands_in_one_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another file"):
        business.load(written(tmp_path, a="[value]\nruns = 3\n", b="[value]\npeople = 3\n"))
