"""Definitions are data: an operator's file adds and replaces; a wrong one is refused with its name and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from lopan.catalog.product import CORE_TARGET, load, titled
from lopan.errors import ConfigError

OWN = """
[[role]]
id = "robotOperator"

[[feature]]
id = "cell_start"
core = true

[[workflow]]
id = "weld"
steps = ["load", "weld", "unload"]
window = "90m"

[[survey]]
id = "csat"
scale = "csat"
question = "Content?"
"""


def write(root: Path, text: str, name: str = "own.toml") -> Path:
    (root / "product").mkdir(exist_ok=True)
    (root / "product" / name).write_text(text, encoding="utf-8")
    return root


def test_a_file_adds_what_is_new_and_replaces_what_is_built_in(tmp_path: Path) -> None:
    plain, product = load(), load(write(tmp_path, OWN))
    assert (list(plain.roles), list(plain.features), list(plain.workflows)) == ([], [], [])
    assert list(product.roles) == ["robotOperator"]
    assert product.features["cell_start"].goal == CORE_TARGET
    assert product.workflow("weld").window_s == 5_400
    assert product.surveys["csat"].question == "Content?"
    assert list(product.surveys) == list(plain.surveys)
    assert product.fingerprint != plain.fingerprint


STEPS = 'steps = ["a", "b"]'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("[[role]]\nid = 'a'\n[[role]]\nid = 'a'", "role a is defined twice", id="twice"),
        pytest.param("[[feature]]\nid = 'a'\ncolour = 'red'", "own.toml.*unknown field `colour`", id="unknown field"),
        pytest.param("[[workflow]]\nid = 'a'\nsteps = ['b', 'b']", "each step may be named once", id="step twice"),
        pytest.param("[[workflow]]\nid = 'a'\nsteps = ['b']", "length >= 2", id="one step"),
        pytest.param(f"[[workflow]]\nid = 'a'\n{STEPS}\nwindow = '0m'", "window '0m' is not", id="no window"),
        pytest.param(f"[[workflow]]\nid = 'a'\n{STEPS}\nwindow = '31d'", 'at most "30d"', id="long window"),
        pytest.param(f"[[workflow]]\nid = 'a'\n{STEPS}\nkey = 'x'", "Invalid enum value 'x'", id="key"),
        pytest.param("[[survey]]\nid = 'a'\nscale = 'stars'", "Invalid enum value 'stars'", id="scale"),
        pytest.param("[[feature]]\nid = 'a'\ntarget = 0.0", "> 0", id="target"),
        pytest.param("[[feature", "own.toml", id="not TOML"),
    ],
)
def test_a_wrong_definition_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "title"),
    [("warehouseKeeper", "Warehouse keeper"), ("stock_count", "Stock count"), ("OEE", "OEE"), ("", ""), (" ", " ")],
)
def test_a_name_makes_a_title(name: str, title: str) -> None:
    assert titled(None, name) == title
