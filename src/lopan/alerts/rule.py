"""What is watched: one TOML file a rule, built in under ``rules/`` or the operator's under ``lopan.d/rules/``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lopan.errors import ConfigError

Severity = Literal["info", "warning", "critical"]
Op = Literal[">", ">=", "<", "<="]
Id = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,63}$")]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
BUILT_IN = Path(__file__).parent / "rules"
_DURATION = re.compile(r"^(\d+)(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``value`` is in the KPI's unit; ``for`` says how long the figure has to stay there ("0s", "90s", "5m")."""

    op: Op
    value: float
    duration: str = msgspec.field(default="0s", name="for")

    def __post_init__(self) -> None:
        """Refuse a duration that can't be read, so that the file is blamed and not the first evaluation."""
        seconds(self.duration)

    @property
    def hold(self) -> int:
        """``for`` in seconds."""
        return seconds(self.duration)

    def holds(self, figure: float) -> bool:
        """Whether ``figure`` is on the condition's side; NaN never is."""
        if self.op == ">":
            return figure > self.value
        if self.op == ">=":
            return figure >= self.value
        return figure < self.value if self.op == "<" else figure <= self.value


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One severity of a rule; between ``fire`` and ``clear`` lies the band in which nothing changes."""

    severity: Severity
    fire: Condition
    clear: Condition

    def __post_init__(self) -> None:
        """Refuse conditions that could hold at once: the alert would flap on every evaluation."""
        up = self.fire.op in (">", ">=")
        if up == (self.clear.op in (">", ">=")):
            raise ValueError(f"fire {self.fire.op} needs a clear condition that points the other way")
        if (self.clear.value > self.fire.value) if up else (self.clear.value < self.fire.value):
            raise ValueError(f"clear value {self.clear.value:g} overlaps fire value {self.fire.value:g}")
        if self.clear.value == self.fire.value and {self.fire.op, self.clear.op} == {">=", "<="}:
            raise ValueError("fire and clear both hold at the same value; make one of them strict")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A KPI over a sliding ``window`` with up to three severities, which share ONE alert.

    ``events``: event types whose arrival wakes the rule (empty: every type). ``by`` gives each value of a dimension
    an alert of its own. ``interval``: fire only when the whole 95 % interval lies beyond the threshold.
    ``no_data``: ``keep`` what is, take it as ``ok``, or ``alert`` (lowest severity) when nothing at all arrives.
    """

    id: Id
    title: str
    kpi: str
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=3)]
    window: str = "5m"
    min_samples: Annotated[int, Meta(ge=1)] = 30
    interval: bool = False
    no_data: Literal["keep", "ok", "alert"] = "keep"
    events: tuple[str, ...] = ()
    by: Literal["", "release", "device", "site", "product", "customer", "region", "segment"] = ""
    playbook: str = ""
    enabled: bool = True

    def __post_init__(self) -> None:
        """Refuse an unreadable or empty window, and levels that are not in rising order."""
        if seconds(self.window) == 0:
            raise ValueError("window must be longer than 0s")
        ranks = [SEVERITIES.index(level.severity) for level in self.levels]
        if ranks != sorted(set(ranks)):
            raise ValueError("levels must rise: info, warning, critical, each at most once")

    @property
    def window_s(self) -> int:
        """``window`` in seconds."""
        return seconds(self.window)


def seconds(text: str) -> int:
    """Seconds of "90s", "5m", "1h" or "7d"; raises ValueError for anything else."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(f'{text!r} is not a duration; write it like "90s", "5m", "1h" or "7d"')
    return int(match[1]) * _SECONDS[match[2]]


def fingerprint(rule: str, labels: Mapping[str, str]) -> str:
    """32 hex digits that stay the same for the same rule and labels, whatever their order."""
    return hashlib.sha256(msgspec.json.encode([rule, sorted(labels.items())])).hexdigest()[:32]


def read(path: Path) -> Rule:
    """One rule file. Raises ConfigError naming the file and the field."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Rule)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def load(kpis: Container[str], playbooks: Container[str], extra: Path | None = None) -> list[Rule]:
    """Enabled rules by id; a file in ``extra`` replaces the built-in rule of the same id.

    Raises ConfigError for a rule whose KPI or playbook does not exist.
    """
    rules: dict[str, Rule] = {}
    for folder in (BUILT_IN, extra):
        for path in sorted(folder.glob("*.toml")) if folder is not None else ():
            rule = read(path)
            if rule.kpi not in kpis:
                raise ConfigError(f"{path}: no KPI is called {rule.kpi!r}; see the catalog for the ids")
            if rule.playbook and rule.playbook not in playbooks:
                raise ConfigError(f"{path}: no playbook is called {rule.playbook!r}; add playbooks/{rule.playbook}.md")
            rules[rule.id] = rule
    return [rules[name] for name in sorted(rules) if rules[name].enabled]
