"""The shipped app as its makers see it: roles, features, workflows and surveys, as TOML.

Built in under ``product/``; an operator's ``lopan.d/product/*.toml`` adds entries, or replaces one of the same id.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec
from msgspec import Meta

from lopan.catalog import toml
from lopan.errors import ConfigError, Rejected

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Share = Annotated[float, Meta(gt=0, le=100)]
Scale = Literal["csat", "nps", "rating"]
Key = Literal["instance", "shared", "user"]
CORE_TARGET = 80.0
"""Per cent of the entitled users who should have completed a core feature within 28 days."""

_DURATION = re.compile(r"^(\d+)(m|h|d)$")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S = 30 * 86_400


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``id`` as the app stamps it on events. Roles need no entry to be counted, only to get a title."""

    id: Name
    title: str = ""


class Feature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Used with success when an ``action`` event carries ``success`` (several words: any; "*": any event at all).

    ``roles`` and ``customers`` are entitled to it (empty: all). ``target`` in per cent; core features have 80.
    """

    id: Name
    title: str = ""
    description: str = ""
    success: tuple[str, ...] = ("complete",)
    core: bool = False
    target: Share | None = None
    roles: tuple[Name, ...] = ()
    customers: tuple[Name, ...] = ()

    @property
    def goal(self) -> float | None:
        """Its target in per cent; None = none was set and it is not core."""
        return CORE_TARGET if self.target is None and self.core else self.target


class Workflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ordered ``steps`` to be passed inside ``window`` ("30m", "4h", "1d"; at most 30 days).

    ``key`` tells runs apart: ``instance`` = the id that the app sends, within one person, and where none is sent the
    person's local day; ``shared`` = the id alone, for runs that go from hand to hand; ``user`` = always the person's
    local day. A step is passed by an event whose status is one of ``passed``.
    """

    id: Name
    title: str = ""
    description: str = ""
    steps: Annotated[tuple[Name, ...], Meta(min_length=2, max_length=30)]
    window: str = "1d"
    key: Key = "instance"
    passed: tuple[str, ...] = ("", "completed")
    target: Share | None = None
    warning: Share | None = None
    critical: Share | None = None

    def __post_init__(self) -> None:
        """Refuse a step named twice, and a window that can't be read."""
        if len(set(self.steps)) < len(self.steps):
            raise ValueError(f"workflow {self.id}: each step may be named once")
        match = _DURATION.match(self.window)
        if match is None or not 0 < int(match[1]) * _SECONDS[match[2]] <= _LONGEST_S:
            raise ValueError(f'workflow {self.id}: window {self.window!r} is not "30m", "4h" or "1d", at most "30d"')

    @property
    def window_s(self) -> int:
        """``window`` in seconds."""
        return int(self.window[:-1]) * _SECONDS[self.window[-1]]


class Survey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with its ``scale``: csat 1-5, nps 0-10, rating 1-5; thresholds in units of the published figure."""

    id: Name
    scale: Scale
    title: str = ""
    question: str = ""
    target: float | None = None
    warning: float | None = None
    critical: float | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    role: list[Role] = []
    feature: list[Feature] = []
    workflow: list[Workflow] = []
    survey: list[Survey] = []


class _Entry(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Entry)


class Product:
    """All definitions by id, in the order of the files."""

    def __init__(
        self,
        roles: Iterable[Role] = (),
        features: Iterable[Feature] = (),
        workflows: Iterable[Workflow] = (),
        surveys: Iterable[Survey] = (),
    ) -> None:
        self.roles = {role.id: role for role in roles}
        self.features = {feature.id: feature for feature in features}
        self.workflows = {workflow.id: workflow for workflow in workflows}
        self.surveys = {survey.id: survey for survey in surveys}

    def workflow(self, name: str) -> Workflow:
        """The definition; raises Rejected when there is none of that name."""
        if name not in self.workflows:
            known = ", ".join(self.workflows) or "none yet; add one to lopan.d/product/"
            raise Rejected("workflow", f"no workflow is called {name!r}; there are {known}")
        return self.workflows[name]

    @property
    def fingerprint(self) -> str:
        """Changes whenever a definition does, so that what was computed from it is computed again."""
        entries = [*self.features.values(), *self.workflows.values()]
        return hashlib.sha256(msgspec.json.encode(entries)).hexdigest()[:16]


def titled(entry: Role | Feature | Workflow | Survey | None, name: str) -> str:
    """The title given, else ``warehouseKeeper`` and ``stock_count`` as "Warehouse keeper" and "Stock count"."""
    if entry is not None and entry.title:
        return entry.title
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").split()
    return " ".join([words[0][:1].upper() + words[0][1:], *(word.lower() for word in words[1:])]) if words else name


def load(operator: Path | None = None) -> Product:
    """The built-in definitions, then those of ``operator``/product/*.toml. Raises ConfigError naming file and entry."""
    layers = [_read(place) for place in toml.layers(operator, "product")]
    return Product(
        _merge("role", [layer.role for layer in layers]),
        _merge("feature", [layer.feature for layer in layers]),
        _merge("workflow", [layer.workflow for layer in layers]),
        _merge("survey", [layer.survey for layer in layers]),
    )


def _read(folder: Traversable) -> _File:
    found = _File()
    for path in toml.listed(folder):
        one = toml.read(path, _File)
        found.role += one.role
        found.feature += one.feature
        found.workflow += one.workflow
        found.survey += one.survey
    return found


def _merge(kind: str, layers: Sequence[Sequence[E]]) -> list[E]:
    merged: dict[str, E] = {}
    for layer in layers:
        names = [entry.id for entry in layer]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"{kind} {twice} is defined twice; rename one of the two")
        merged |= {entry.id: entry for entry in layer}
    return list(merged.values())
