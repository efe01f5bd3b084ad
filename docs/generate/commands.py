"""The command line, from its parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from importlib import import_module

from generate.text import NOTE
from lopan import cli


def commands() -> str:
    """Every command with its flags."""
    lines = [NOTE, "# Commands", "", "`lopan COMMAND --help` says the same.", ""]
    for name, parser, about in _parsers("lopan", cli.parser(), ""):
        rows = [
            f"| {_cell(_flag(action))} | {_cell(action.help or '')} |"
            for action in parser._actions
            if not _is_help(action)
        ]
        lines += [f"## {name}", "", about, ""]
        lines += ["| flag | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join(lines)


def _parsers(
    name: str, parser: argparse.ArgumentParser, about: str
) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """The commands that can be run, depth first; one that passes its flags on keeps its parser with its code."""
    if parser.get_default("passes"):
        parser = import_module(f"{name.replace(' ', '.')}.main").parser()
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, parser, about
    for group in groups:
        told = {choice.dest: choice.help or "" for choice in group._choices_actions}
        choices: Mapping[str, argparse.ArgumentParser] = group.choices
        for word, inner in choices.items():
            yield from _parsers(f"{name} {word}", inner, told.get(word, ""))


def _is_help(action: argparse.Action) -> bool:
    return isinstance(action, argparse._HelpAction)


def _flag(action: argparse.Action) -> str:
    names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
    values = " or ".join(f"`{choice}`" for choice in action.choices) if action.choices else ""
    return f"{names} {values}".strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
