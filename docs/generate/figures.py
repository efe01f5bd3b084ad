"""KPIs and alerts: what is measured, what fires, what to do, who is told."""

from __future__ import annotations

from generate.plugins import modules
from generate.text import NOTE
from lopan import catalog
from lopan.alerts import notifiers, playbook, rule
from lopan.catalog import Kpi


def kpis() -> str:
    """Every KPI: thresholds in one table, then what each means and how it is computed."""
    entries = catalog.load().kpis
    lines = [NOTE, "# KPIs", ""]
    lines += [
        "Defined once, in `src/lopan/catalog/kpis/*.toml`; tiles, alerts and the API read them from there. Your own go",
        "into `lopan.d/kpis/*.toml` of the data directory, in the same form. A figure with fewer than `n` samples is",
        "shown grey and never alerts.",
        "",
        "| id | unit | better | target | warning | critical | n | access group |",
        "|---|---|---|---|---|---|---|---|",
        *(_kpi_row(kpi) for kpi in entries.values()),
        "",
    ]
    for kpi in entries.values():
        lines += [f"## {kpi.id}", "", f"**{kpi.title}.** {kpi.description}", "", f"`{kpi.definition}`", ""]
        lines += [f"Playbook: `{kpi.playbook}`.", ""] if kpi.playbook else []
    return "\n".join(lines)


def alerts() -> str:
    """Every built-in rule, playbook and notifier."""
    entries, playbooks = catalog.load().kpis, playbook.load()
    lines = [NOTE, "# Alerts", "", "## Rules", ""]
    lines += [
        "Built in; a file in `lopan.d/rules/` of the data directory adds a rule, or replaces the one of the same id.",
        "",
        "| rule | KPI | window | fires | clears | playbook |",
        "|---|---|---|---|---|---|",
        *(_rule_row(one) for one in rule.load(entries, playbooks)),
        "",
        "## Playbooks",
        "",
        "| playbook | title | severity | begin within |",
        "|---|---|---|---|",
        *(f"| `{one.id}` | {one.title} | {one.severity} | {one.response_minutes} min |" for one in playbooks.values()),
        "",
        "## Notifiers",
        "",
        *modules("notifier", notifiers.__path__, notifiers.__name__),
    ]
    return "\n".join(lines)


def _kpi_row(kpi: Kpi) -> str:
    levels = ("" if level is None else f"{level:g}" for level in (kpi.target, kpi.warning, kpi.critical))
    cells = (f"`{kpi.id}`", kpi.unit, kpi.better, *levels, str(kpi.min_samples), kpi.group)
    return f"| {' | '.join(cells)} |"


def _rule_row(one: rule.Rule) -> str:
    fires = ", ".join(f"{level.severity} {_condition(level.fire)}" for level in one.levels)
    clears = ", ".join(f"{level.severity} {_condition(level.clear)}" for level in one.levels)
    steps = f"`{one.playbook}`" if one.playbook else ""
    return f"| `{one.id}` | `{one.kpi}` | {one.window} | {fires} | {clears} | {steps} |"


def _condition(condition: rule.Condition) -> str:
    held = f" for {condition.duration}" if condition.hold else ""
    return f"{condition.op} {condition.value:g}{held}"
