"""The server stays small: what it imports loads nothing that only a few need."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEFT_OUT = ("pandas", "aiomqtt", "paho", "fastexcel", "fpdf", "alembic", "chdb", "pyarrow.parquet", "pyarrow.csv")


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    program = "import sys, lopan.server; print(*sys.modules)"
    return frozenset(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


@pytest.mark.parametrize("name", LEFT_OUT)
def test_importing_the_server_leaves_out(loaded: frozenset[str], name: str) -> None:
    assert name not in loaded
