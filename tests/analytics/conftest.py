from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.analytics.usage import Usage
from tests.support import pipeline


@pytest.fixture(scope="package")
def usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    with pipeline(tmp_path_factory.mktemp("usage")) as target:
        target.run(target.store.execute, "ALTER TABLE events REMOVE TTL")  # the clock of these tests stands
        yield Usage(target)
