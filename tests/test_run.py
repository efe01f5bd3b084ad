"""What runs all tests says so when a group did not end well."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import run


@pytest.mark.parametrize("code", [1, -9], ids=["a test failed", "the group was killed"])
def test_a_group_that_did_not_end_well_is_not_hidden(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "run", lambda group: code if group == run.GROUPS[1] else 0)
    assert run.main([]) > 0


def test_every_test_is_in_one_group() -> None:
    ran: list[str] = []
    for group in run.GROUPS:
        paths = [run.ROOT / name for name in group] or [Path(path) for path in run.others()]
        inner = {run.ROOT / name for name in run.named() - set(group) if name.partition("/")[0] in group}
        for path in paths:
            found = [path] if path.is_file() else sorted(path.rglob("test_*.py"))
            ran += [str(one) for one in found if not inner & set(one.parents)]
    assert sorted(ran) == sorted(str(path) for path in run.ROOT.rglob("test_*.py"))
