from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.analytics.usage import TABLES, Usage
from tests.support import pipeline


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """Nothing here has to outlive a crash, and the clock stands: no waiting for the disk, no end of life."""
    with pipeline(tmp_path_factory.mktemp("usage")) as target:
        settings = "fsync_after_insert = 0, fsync_part_directory = 0"
        for table in TABLES:
            target.run(target.store.execute, f"ALTER TABLE {table} MODIFY SETTING {settings}")
        target.run(target.store.execute, "ALTER TABLE events REMOVE TTL")
        yield Usage(target)
