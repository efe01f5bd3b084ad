from __future__ import annotations

import pytest
from tests.business import NOW, Business


@pytest.fixture(scope="session")
def business() -> Business:
    return Business(NOW)
