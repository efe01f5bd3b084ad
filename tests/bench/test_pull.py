from __future__ import annotations

import msgspec
import pytest
from tests import servers

from lopan.bench.main import run


def test_a_pull_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOPAN_BENCH_PASSWORD", servers.PASSWORD)
    with servers.place() as root, servers.postgresql(root) as server:
        assert run(["pull", "--rows", "1000", "--port", str(server.port), "--user", "lopan", "--json"]) == 0
    figures = {one["name"]: one["value"] for one in msgspec.json.decode(capsys.readouterr().out)["figures"]}
    assert figures["CPU of 1,000 rows until loaded"] > 0
