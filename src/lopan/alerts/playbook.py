"""What to do when an alert fires: Markdown checklists with a head of settings, built in or the operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from markdown_it import MarkdownIt
from msgspec import Meta

from lopan.alerts.rule import Severity
from lopan.control.directive import Kind
from lopan.errors import ConfigError

BUILT_IN = Path(__file__).parent / "playbooks"
_FENCE = "+++"
# Raw HTML stays text, and markdown-it refuses javascript:, vbscript:, file: and data: links by itself.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The TOML between two ``+++`` lines; ``response_minutes`` is how soon somebody must have begun.

    ``directive`` is the kind of directive by which the playbook reaches users of the app.
    """

    id: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,63}$")]
    title: str
    severity: Severity
    response_minutes: Annotated[int, Meta(ge=1)]
    directive: Kind = "message"


class Playbook(msgspec.Struct, frozen=True):
    """One playbook; ``steps`` are its checklist lines as plain Markdown, in order."""

    id: str
    title: str
    severity: Severity
    response_minutes: int
    body: str
    steps: tuple[str, ...]
    directive: Kind = "message"

    @property
    def html(self) -> str:
        """The body as HTML that is safe to put into a page; checklist marks become list items."""
        return str(_markdown.render(self.body.replace("- [ ] ", "- ")))


def parse(text: str, place: str) -> Playbook:
    """A playbook from its file's text. Raises ConfigError naming ``place`` when the head or the steps are missing."""
    before, _, rest = text.partition(f"{_FENCE}\n")
    head, fence, body = rest.partition(f"\n{_FENCE}\n")
    if before.strip() or not fence:
        raise ConfigError(f"{place}: a playbook begins with its settings between two lines of {_FENCE}")
    try:
        settings = msgspec.toml.decode(head, type=Head)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{place}: {error}") from None
    steps = tuple(line.strip()[6:] for line in body.splitlines() if line.strip().startswith("- [ ] "))
    if not steps:
        raise ConfigError(f'{place}: a playbook needs at least one step, a line that begins with "- [ ] "')
    return Playbook(
        id=settings.id,
        title=settings.title,
        severity=settings.severity,
        response_minutes=settings.response_minutes,
        body=body.strip() + "\n",
        steps=steps,
        directive=settings.directive,
    )


def load(extra: Path | None = None) -> dict[str, Playbook]:
    """All playbooks by id; a file in ``extra`` replaces the built-in one of the same id. Raises ConfigError."""
    found: dict[str, Playbook] = {}
    for folder in (BUILT_IN, extra):
        for path in sorted(folder.glob("*.md")) if folder is not None else ():
            try:
                playbook = parse(path.read_text(encoding="utf-8"), str(path))
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path}: {error}") from None
            found[playbook.id] = playbook
    return found
