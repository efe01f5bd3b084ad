"""What all pages share."""

from __future__ import annotations

from inspect import getdoc

NOTE = "<!-- Written by `make docs` from the code, whose docstrings are the place to edit. -->"


def prose(thing: object) -> str:
    """A docstring as Markdown."""
    return (getdoc(thing) or "").replace("``", "`")
