"""Panels of a screen: whatever stands below its figures, drawn by the part of Lopan that knows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from markupsafe import Markup
from starlette.requests import Request

from lopan.control.principal import Principal

Draw = Callable[[Request, Principal], Awaitable[Markup]]
"""The panel's body; '' = there is nothing to show, and no panel then. Raises TryAgain while the store is busy."""


class Panel(NamedTuple):
    """Seen with any of ``groups``, by everyone signed in when there is none; ``page`` is where more is to be seen."""

    title: str
    draw: Draw
    groups: tuple[str, ...] = ()
    page: str = ""
    more: str = ""
