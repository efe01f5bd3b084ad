"""What an app can be told: the kinds of directive, each with its limits, and the reading of one that is to be made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from lopan.control.targets import Name, Targets, release_test
from lopan.errors import Rejected
from lopan.event import TYPES

Text = Annotated[str, Meta(max_length=2_000)]
Filled = Annotated[str, Meta(min_length=1, max_length=2_000)]
Word = Annotated[str, Meta(max_length=200)]
Time = Annotated[datetime, Meta(tz=True)]

DEFAULT_PRIORITY: Final = 50
_SCHEMES: Final = frozenset({"javascript", "vbscript", "data", "file", "about", "blob"})
_PLACE = re.compile(r"^(.*?)(?: - at `\$\.?([^`]*)`)?$", re.DOTALL)


class Base(msgspec.Struct, tag_field="kind", frozen=True, forbid_unknown_fields=True):
    """What a directive says."""

    @property
    def about(self) -> str:
        """What two directives of a kind contend for, of which only the first in order is served; empty = nothing."""
        return ""

    @property
    def summary(self) -> str:
        """One line for lists and the audit log."""
        raise NotImplementedError


class Message(Base, tag="message", frozen=True, forbid_unknown_fields=True):
    """Shown in the app; ``button`` leads to ``url``, a web address or a deep link."""

    title: Name
    text: Text = ""
    button: Word = ""
    url: Word = ""

    @property
    def summary(self) -> str:
        """The title."""
        return self.title


class Survey(Base, tag="survey", frozen=True, forbid_unknown_fields=True):
    """A question; the answer comes as a ``feedback`` event with the same ``survey`` and ``scale``."""

    survey: Name
    question: Filled
    scale: Literal["csat", "nps", "rating"] = "csat"

    @property
    def about(self) -> str:
        """Nobody is asked the same survey twice at once."""
        return self.survey

    @property
    def summary(self) -> str:
        """Survey and question."""
        return f"{self.survey}: {self.question}"


class KillSwitch(Base, tag="kill_switch", frozen=True, forbid_unknown_fields=True):
    """``feature`` is off, or on, for as long as the directive is served; ``message`` tells the user why."""

    feature: Name
    enabled: bool = False
    message: Text = ""

    @property
    def about(self) -> str:
        """A feature is either on or off."""
        return self.feature

    @property
    def summary(self) -> str:
        """Feature and position."""
        return f"{self.feature} {'on' if self.enabled else 'off'}"


class MemoryCleanup(Base, tag="memory_cleanup", frozen=True, forbid_unknown_fields=True):
    """The app frees caches, once a directive: ``aggressive`` costs reloads, ``moderate`` nothing that is seen."""

    level: Literal["moderate", "aggressive"] = "aggressive"

    @property
    def about(self) -> str:
        """One clean-up at a time."""
        return "memory"

    @property
    def summary(self) -> str:
        """How much is freed."""
        return f"{self.level} clean-up"


class Sampling(Base, tag="sampling", frozen=True, forbid_unknown_fields=True):
    """The app sends ``rate`` (0 to 1) of its events of type ``event``. Figures are not scaled up again."""

    event: str
    rate: Annotated[float, Meta(ge=0, le=1)]

    @property
    def about(self) -> str:
        """A type has one rate."""
        return self.event

    @property
    def summary(self) -> str:
        """Type and rate."""
        return f"{self.rate:.4g} of {self.event} events"


Kind = Literal["message", "survey", "kill_switch", "memory_cleanup", "sampling"]
Content = Message | Survey | KillSwitch | MemoryCleanup | Sampling

KINDS: Final[dict[str, type[Base]]] = {
    str(kind.__struct_config__.tag): kind for kind in (Message, Survey, KillSwitch, MemoryCleanup, Sampling)
}


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directive that is to be made or changed. ``starts`` None = now, ``ends`` None = until it is ended.

    Higher ``priority`` comes first. ``alert`` and ``playbook`` say what it is an answer to.
    """

    project: Annotated[int, Meta(ge=1)]
    content: Content
    targets: Targets = Targets()
    starts: Time | None = None
    ends: Time | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] = DEFAULT_PRIORITY
    alert: Annotated[int, Meta(ge=1)] | None = None
    playbook: Annotated[str, Meta(max_length=64)] = ""


def read(data: bytes | Mapping[str, Any]) -> Draft:
    """A draft from JSON, or from fields of a form as text. Raises Rejected naming the field and what it should be."""
    try:
        if isinstance(data, bytes):
            draft = msgspec.json.decode(data, type=Draft)
        else:
            draft = msgspec.convert(data, Draft, strict=False)
    except msgspec.ValidationError as error:
        raise _rejected(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise Rejected("body", f"is not valid JSON: {error}") from None
    for text in draft.targets.releases:
        release_test(text)
    _check(draft.content)
    return draft


def _check(content: Content) -> None:
    if isinstance(content, Sampling) and content.event not in TYPES:
        raise Rejected("content.event", f"{content.event[:60]!r} is no event type; known types: {', '.join(TYPES)}")
    if isinstance(content, Message):
        if bool(content.button) != bool(content.url):
            raise Rejected("content.url" if content.button else "content.button", "a button and its url go together")
        if content.url and not _leads_somewhere(content.url):
            raise Rejected("content.url", "write a web address (https://...) or a link into the app (myapp://...)")


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    written = url.isprintable() and " " not in url and bool(parts.netloc or parts.path)
    return written and parts.scheme not in {"", *_SCHEMES}


def _rejected(message: str) -> Rejected:
    """Msgspec's ``reason - at `$.field` `` taken apart; a missing or unknown field is named by the reason itself."""
    found = _PLACE.match(message)
    reason, place = (found[1], found[2] or "") if found else (message, "")
    if named := re.search(r"(?:required|unknown) field `([^`]+)`", reason):
        place = f"{place}.{named[1]}" if place else named[1]
    if place.endswith("kind") or "kind" in reason:
        reason = f"{reason}; known kinds: {', '.join(KINDS)}"
    return Rejected(place or "body", reason)
