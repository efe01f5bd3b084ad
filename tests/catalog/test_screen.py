"""First screens: every built-in one is sound, an operator's replaces it, and a wrong one says where and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from lopan.catalog import load as load_catalog
from lopan.catalog.screen import MAIN, load
from lopan.control.principal import LEVELS
from lopan.errors import ConfigError
from lopan.web.overview.screens import PANELS

KPIS = load_catalog().kpis
ONE = 'id = "{id}"\ntitle = "Mine"\nlevel = "technical"\n[[section]]\ntitle = "Now"\ntile = [{{ kpi = "{kpi}" }}]\n'


def written(root: Path, text: str, name: str = "mine.toml") -> Path:
    (root / "screens").mkdir(exist_ok=True)
    (root / "screens" / name).write_text(text, encoding="utf-8")
    return root


def test_there_is_one_for_everybody_and_one_for_each_level() -> None:
    screens = load(None, KPIS)
    assert next(iter(screens)) == MAIN
    assert {screen.level for screen in screens.values()} == {"", *LEVELS}
    for screen in screens.values():
        assert set(screen.panels) <= set(PANELS)
        if screen.level:
            assert 1 <= len(list(screen.tiles())) <= 5, "more than five figures are wallpaper"
            assert all(tile.owner for tile in screen.tiles()), "every figure has somebody who acts on it"


def test_an_operator_replaces_a_screen_or_adds_one(tmp_path: Path) -> None:
    written(tmp_path, ONE.format(id="technical", kpi="oom_rate"))
    written(tmp_path, ONE.format(id="night", kpi="hang_rate"), "night.toml")
    screens = load(tmp_path, KPIS)
    assert [tile.kpi for tile in screens["technical"].tiles()] == ["oom_rate"]
    assert "night" in screens


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ONE.format(id="mine", kpi="nonsense"), r"mine\.toml: there is no KPI 'nonsense'"),
        (ONE.format(id="Mine Own", kpi="dau"), r"mine\.toml: .*regex"),
        (
            ONE.format(id="mine", kpi="dau").replace("tile = [", 'tile = [{ kpi = "dau" }, '),
            "stands on the screen twice",
        ),
        (ONE.format(id="mine", kpi="mrr").replace('"mrr"', '"mrr", beside = ["grr", "mrr"]'), "mrr stands .* twice"),
        (ONE.format(id="mine", kpi="mrr").replace('"mrr"', '"mrr", beside = ["grrr"]'), "there is no KPI 'grrr'"),
        ("id = ", r"mine\.toml"),
        (ONE.format(id="mine", kpi="dau") + "colour = 3\n", "colour"),
    ],
)
def test_a_wrong_screen_says_where_and_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(written(tmp_path, text), KPIS)
