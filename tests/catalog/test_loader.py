"""The catalog's own files are right, and a wrong entry is refused with its name and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from lopan.catalog import load
from lopan.errors import ConfigError, Rejected

ENTRY = {
    "id": '"own_figure"',
    "title": '"Own"',
    "description": '"Own."',
    "unit": '"s"',
    "better": '"lower"',
    "kind": '"measure"',
    "group": '"performance"',
    "source": '"app_launch"',
    "numerator": '"sum(value)"',
    "denominator": '"sum(n)"',
}


def write(root: Path, **changes: str) -> Path:
    (root / "kpis").mkdir(parents=True, exist_ok=True)
    text = "[[kpi]]\n" + "\n".join(f"{name} = {value}" for name, value in (ENTRY | changes).items())
    (root / "kpis" / "own.toml").write_text(text, encoding="utf-8")
    return root


def test_the_built_in_catalog_has_the_figures_of_the_document() -> None:
    kpis = load().kpis
    launch, rate = kpis["app_launch_time"], kpis["scroll_frame_rate"]
    memory, crashes = kpis["memory_usage"], kpis["crash_rate"]
    assert [(kpi.target, kpi.warning, kpi.critical) for kpi in (launch, rate, memory, crashes)] == [
        (1.5, 2.0, 3.0),
        (60.0, 55.0, 45.0),
        (150.0, 180.0, 250.0),
        (0.1, 0.5, 1.0),
    ]


def test_an_operators_entry_is_one_file(tmp_path: Path) -> None:
    assert load(write(tmp_path)).get("own_figure").title == "Own"


def test_a_target_is_set_in_the_settings() -> None:
    assert load(targets={"on_time_delivery": 95.0}).get("on_time_delivery").target == 95
    with pytest.raises(ConfigError, match="no such KPI"):
        load(targets={"on_tme_delivery": 95.0})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"numerator": '"quantile(0.5)(value)"'}, "quantile.* is not exact", id="inexact"),
        pytest.param({"numerator": '"uniq(user_id)"'}, "uniq.* is not exact", id="approximate people"),
        pytest.param({"numerator": '"avg(value)"'}, "avg.* is not exact", id="not mergeable"),
        pytest.param({"numerator": '"sum(secrets)"'}, "no column secrets", id="unknown column"),
        pytest.param({"where": '"1 = (SELECT 1 FROM system)"'}, "no column", id="subquery"),
        pytest.param({"source": '"users"'}, "unknown source 'users'", id="unknown source"),
        pytest.param({"warning": "3.0", "critical": "2.0"}, "better than warning", id="order"),
        pytest.param({"id": '"app_launch_time"'}, "defined twice", id="twice"),
        pytest.param({"id": '"Bad Id"'}, "own.toml", id="bad id"),
        pytest.param({"colour": '"red"'}, "unknown field `colour`", id="unknown field"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load(write(tmp_path, **changes))


def test_an_unknown_id_is_the_askers_error() -> None:
    with pytest.raises(Rejected, match="no metric 'x'"):
        load().get("x")
