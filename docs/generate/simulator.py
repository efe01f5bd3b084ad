"""The simulated fleet: what can be found in its history, and what can be made to go wrong."""

from __future__ import annotations

from generate.text import NOTE, prose
from lopan.demo import facts
from lopan.demo.scenarios import SCENARIOS


def simulator() -> str:
    """Planted facts with their figures, then the scenarios."""
    planted = [
        f"| `{name}` | {fact.shows[0].upper()}{fact.shows[1:]} | {_range(fact)} |" for name, fact in facts.FACTS.items()
    ]
    return "\n".join(
        [
            NOTE,
            "# The simulated fleet",
            "",
            prose(facts),
            f"A new feature, `{facts.NEW_FEATURE}`, comes with release {facts.NEW_SINCE}.",
            f"The role `{facts.STRUGGLING}` struggles with `{facts.STUCK}` of the workflow `{facts.TROUBLED}`.",
            "Who joins while release 2.2.0 is the newest comes back less.",
            "The same seed gives the same data; a test computes each figure from the rows.",
            "",
            "| fact | what is measured over the 30 days | figure |",
            "|---|---|---|",
            *planted,
            "",
            "## Scenarios",
            "",
            "`lopan demo on NAME` brings one, `lopan demo off NAME` ends it, while the demo runs.",
            "",
            "| name | what happens |",
            "|---|---|",
            *(f"| `{name}` | {prose(scenario)} |" for name, scenario in SCENARIOS.items()),
        ]
    )


def _range(fact: facts.Fact) -> str:
    return f"{fact.low:g}" if fact.low == fact.high else f"{fact.low:g} to {fact.high:g}"
