from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import servers
from tests.house import House


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Database]:
    with servers.place() as root, servers.postgresql(root) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Database]:
    with servers.place() as root, servers.mariadb(root) as server:
        yield server


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.close()
