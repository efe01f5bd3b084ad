"""The simulated fleet: what can be found in its history, and what can be made to go wrong."""

from __future__ import annotations

from generate.text import NOTE, prose
from lopan.demo import facts
from lopan.demo.factory import stories, troubles
from lopan.demo.factory.plant import PRODUCTS, SITES
from lopan.demo.fleet import CUSTOMERS
from lopan.demo.scenarios import SCENARIOS


def simulator() -> str:
    """Planted facts with their figures, of the app and of the business around it, then the scenarios."""
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
            *_planted(facts.FACTS),
            "",
            "## The business",
            "",
            f"{len(SITES)} sites ({_sites()}) make {len(PRODUCTS)} products for the {CUSTOMERS} customers of the app; "
            f"production days begin at 06:00. {prose(stories)}",
            f"Lopan is in use since {-stories.ROLLOUT} days ago. A baseline holds the whole months before: one "
            "administrator of the demo froze it, the other approved it.",
            "`lopan demo --facts N` makes another size; while the demo runs, it goes on.",
            "",
            "| story | what is measured over the 400 days | figure |",
            "|---|---|---|",
            *_planted(stories.STORIES),
            "",
            "## Scenarios",
            "",
            "`lopan demo on NAME` brings one, `lopan demo off NAME` ends it, while the demo runs.",
            "",
            "| name | what happens |",
            "|---|---|",
            *(f"| `{name}` | {prose(scenario)} |" for name, scenario in SCENARIOS.items()),
            *(f"| `{name}` | {does} |" for name, does in troubles.TROUBLES.items()),
        ]
    )


def _planted(found: dict[str, facts.Fact]) -> list[str]:
    return [f"| `{name}` | {fact.shows[0].upper()}{fact.shows[1:]} | {_range(fact)} |" for name, fact in found.items()]


def _sites() -> str:
    return ", ".join(f"{site.name} in {site.zone}" for site in SITES)


def _range(fact: facts.Fact) -> str:
    return f"{fact.low:g}" if fact.low == fact.high else f"{fact.low:g} to {fact.high:g}"
