"""Packages in which every module is a plug-in."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from generate.text import prose


def modules(first: str, path: list[str], package: str, needs: str = "") -> list[str]:
    """Name and first docstring line of the modules in a package of plug-ins."""
    found = {name: import_module(f"{package}.{name}") for _, name, _ in pkgutil.iter_modules(path)}
    rows = [
        f"| `{name}` | {prose(module).splitlines()[0]} |"
        for name, module in found.items()
        if hasattr(module, needs or "__doc__")
    ]
    return [f"| {first} | what it does |", "|---|---|", *rows]
