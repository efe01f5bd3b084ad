from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import servers


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Database]:
    with servers.place() as root, servers.postgresql(root) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Database]:
    with servers.place() as root, servers.mariadb(root) as server:
        yield server
