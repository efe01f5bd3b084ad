"""What runs all tests says so when a group did not end well."""

from __future__ import annotations

import pytest
from tests import run


@pytest.mark.parametrize("code", [1, -9], ids=["a test failed", "the group was killed"])
def test_a_group_that_did_not_end_well_is_not_hidden(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "run", lambda group: code if group == run.GROUPS[1] else 0)
    assert run.main([]) > 0
