from __future__ import annotations

import pytest

from lopan.config import DEFAULT_LEVELS
from lopan.control.principal import LEVELS, known_levels, level_of_role
from lopan.errors import ConfigError, Rejected


@pytest.mark.parametrize(
    ("role", "level"),
    [
        ("administrator", "technical"),
        ("executiveUser", "executive"),
        ("operationsManager", "operational"),
        ("customerSuccessManager", "customerSuccess"),
        ("salesperson", "operational"),
        ("", "operational"),
    ],
)
def test_roles_have_the_levels_of_the_document(role: str, level: str) -> None:
    assert level_of_role(role, DEFAULT_LEVELS) == level


def test_the_mapping_is_configuration() -> None:
    assert level_of_role("salesperson", {"salesperson": "executive"}) == "executive"


def test_a_misspelt_level_in_the_settings_is_named() -> None:
    with pytest.raises(ConfigError, match="salesperson = 'exec'"):
        level_of_role("salesperson", {"salesperson": "exec"})


def test_known_levels() -> None:
    assert known_levels(LEVELS) == frozenset(LEVELS)
    with pytest.raises(Rejected, match="'technicl' is none of executive, operational"):
        known_levels(["technical", "technicl"])
