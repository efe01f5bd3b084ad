"""What the demo tells Lopan about its app is what its events say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lopan import config
from lopan.catalog import load, product
from lopan.demo import definitions
from lopan.demo.feedback import SURVEYS
from lopan.demo.product import CORE, ROLES, SCREENS, WORKFLOWS


def test_everything_that_events_name_is_defined() -> None:
    told = tomllib.loads(definitions.text())
    assert [role["id"] for role in told["role"]] == [role.name for role in ROLES]
    assert {feature["id"] for feature in told["feature"]} == set(SCREENS)
    assert {feature["id"] for feature in told["feature"] if feature.get("core")} == set(CORE)
    steps = {flow: [step.name for step in steps] for flow, steps in WORKFLOWS.items()}
    assert {flow["id"]: flow["steps"] for flow in told["workflow"]} == steps
    assert {survey["id"]: survey["scale"] for survey in told["survey"]} == {one.name: one.scale for one in SURVEYS}
    for feature in told["feature"]:
        liking = {role.name for role in ROLES if feature["id"] in dict(role.features)}
        assert not liking - set(feature.get("roles", liking))


def test_the_server_reads_it(tmp_path: Path) -> None:
    definitions.write(tmp_path)
    known = product.load(tmp_path / "lopan.d")
    assert known.workflow("receive_goods").passed == ("", "completed")
    assert known.features["delivery_tracking"].roles == ()
    assert {one.scale for one in known.surveys.values()} == {"csat", "nps", "rating"}


def test_the_server_takes_the_targets(tmp_path: Path) -> None:
    definitions.write(tmp_path)
    targets = config.load({"data": str(tmp_path)}, {}).business.targets
    catalog = load(targets=targets)
    assert {name: catalog.get(name).target for name in definitions.TARGETS} == definitions.TARGETS


@pytest.mark.parametrize("name", [definitions.FILE, definitions.SETTINGS])
def test_an_edited_file_stays(tmp_path: Path, name: Path) -> None:
    definitions.write(tmp_path)
    path = tmp_path / name
    path.write_text("# mine")
    definitions.write(tmp_path)
    assert path.read_text() == "# mine"
