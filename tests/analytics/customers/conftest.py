from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.analytics.customers.town import Town
from tests.support import pipeline


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with pipeline(tmp_path_factory.mktemp("town")) as target:
        yield Town(target)
