"""What an operator would write about the app: its roles, features, workflows and surveys, as TOML in ``lopan.d``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from lopan.demo.facts import NEW_FEATURE
from lopan.demo.feedback import SURVEYS
from lopan.demo.product import CORE, ROLES, SCREENS, WORKFLOWS

FILE = Path("lopan.d", "product", "demo.toml")
SETTINGS = Path("lopan.toml")
TARGETS = {
    "oee": 75, "first_pass_yield": 95, "on_time_delivery": 90, "delivery_performance": 85, "batch_completion": 90,
    "order_accuracy": 98, "scrap_rate": 3, "nrr": 100, "grr": 90, "issue_resolution_time": 24,
    "issue_resolution_sla": 16, "open_tickets": 25, "labour_productivity_change": 10, "workflow_completion": 85,
}  # fmt: skip
"""What the managers of the simulated factory have set themselves, by KPI in its unit."""

_QUESTIONS = {
    "csat": "How satisfied are you with the app?",
    "nps": "How likely are you to recommend the app to a colleague?",
    "rating": "How do you rate the app?",
}

Value = str | bool | list[str]


def write(root: Path) -> None:
    """Write ``lopan.d/product/demo.toml`` and ``lopan.toml`` unless they are there: they may have been edited since."""
    for path, content in ((root / FILE, text()), (root / SETTINGS, targets())):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")


def targets() -> str:
    """The targets of the simulated business as settings."""
    lines = [f"{name} = {value}" for name, value in TARGETS.items()]
    return "\n".join(["# Targets of the simulated business.", "[business.targets]", *lines, ""])


def text() -> str:
    """The definitions; who likes a feature at all is entitled to it, the new one is for everybody."""
    lines = ["# The simulated app as its makers see it. Changes count from the next start, for the past too."]
    for kind, entry in _entries():
        lines += ["", f"[[{kind}]]", *(f"{name} = {json.dumps(value)}" for name, value in entry.items() if value)]
    return "\n".join(lines) + "\n"


def _entries() -> Iterator[tuple[str, Mapping[str, Value]]]:
    for role in ROLES:
        yield "role", {"id": role.name}
    for feature, title in SCREENS.items():
        entitled = [role.name for role in ROLES if feature in dict(role.features) or feature == NEW_FEATURE]
        roles = [] if len(entitled) == len(ROLES) else entitled
        yield "feature", {"id": feature, "title": title, "core": feature in CORE, "roles": roles}
    for flow, steps in WORKFLOWS.items():
        yield "workflow", {"id": flow, "steps": [step.name for step in steps], "window": "4h"}
    for survey in SURVEYS:
        yield "survey", {"id": survey.name, "scale": survey.scale, "question": _QUESTIONS[survey.scale]}
