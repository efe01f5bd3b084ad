"""A directive as the fields of a form: written for the browser, read back, and said in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from lopan.control.directive import DEFAULT_PRIORITY, KINDS, Draft, read
from lopan.control.directives import Directive
from lopan.control.targets import SHARE_OF_ALL, Targets
from lopan.errors import Rejected

TITLES: Final = {
    "message": "Message",
    "survey": "Survey",
    "kill_switch": "Kill switch",
    "memory_cleanup": "Memory clean-up",
    "sampling": "Sampling",
}
LISTS: Final = {"releases": "release", "roles": "role", "users": "user", "customers": "customer"}
_LOCAL: Final = "%Y-%m-%dT%H:%M"
_BLANK: Final = {"starts": "", "ends": "", "alert": "", "playbook": "", "priority": str(DEFAULT_PRIORITY)}

Values = dict[str, str]


def blank(kind: str, given: Mapping[str, str]) -> Values:
    """An empty form of that kind, with what an address or an earlier try has ``given``."""
    own = {
        field.name: "" if field.default is msgspec.NODEFAULT else _plain(field.default)
        for field in msgspec.structs.fields(KINDS[kind])
    }
    targets = dict.fromkeys(LISTS, "") | {"share": _plain(SHARE_OF_ALL)}
    values = {"project": "", "kind": kind, **own, **targets, **_BLANK}
    return values | {name: text for name, text in given.items() if name in values and name != "kind"}


def written(directive: Directive, zone: ZoneInfo) -> Values:
    """The form that says what ``directive`` says; times to the minute, of the site."""
    targets = directive.targets
    return {
        **{name: _plain(value) for name, value in msgspec.to_builtins(directive.content).items()},
        **{name: "\n".join(getattr(targets, name)) for name in LISTS},
        "share": _plain(targets.share),
        "project": str(directive.project),
        "starts": _local(directive.starts, zone),
        "ends": _local(directive.ends, zone),
        "priority": str(directive.priority),
        "alert": str(directive.alert or ""),
        "playbook": directive.playbook,
    }


def drafted(values: Mapping[str, str], zone: ZoneInfo, was: Directive | None = None) -> Draft:
    """What the form says. Raises Rejected. A time that still says what ``was`` said stays as exact as it was."""
    kind = values.get("kind", "")
    known = KINDS[kind].__struct_fields__ if kind in KINDS else ()
    targets: dict[str, Any] = {name: _lines(values.get(name, "")) for name in LISTS}
    if values.get("share", "").strip():
        targets["share"] = values["share"].strip().removesuffix("%").strip()
    wanted: dict[str, Any] = {
        "project": values.get("project", ""),
        "content": {"kind": kind, **{name: _text(values[name]) for name in known if name in values}},
        "targets": targets,
        "starts": _moment("starts", values.get("starts", ""), zone, was.starts if was else None),
        "ends": _moment("ends", values.get("ends", ""), zone, was.ends if was else None),
        "playbook": values.get("playbook", ""),
    }
    wanted |= {name: values[name] for name in ("priority", "alert") if values.get(name)}
    return read(wanted)


def audience(targets: Targets) -> str:
    """Whom it is for, in words: ``release <2.2.1, role cook or chef, 10 % of users``."""
    parts = []
    for name, word in LISTS.items():
        given = getattr(targets, name)
        if len(given) > 3:
            parts.append(f"{len(given)} {name}")
        elif given:
            parts.append(f"{word} {' or '.join(given)}")
    if targets.share < SHARE_OF_ALL:
        parts.append(f"{_plain(targets.share)} % of users")
    return ", ".join(parts) or "everybody"


def label(place: str) -> str:
    """The field of the form that a refusal names."""
    return place.partition("[")[0].rpartition(".")[2].replace("_", " ").capitalize()


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime(_LOCAL) if moment else ""


def _moment(place: str, text: str, zone: ZoneInfo, was: datetime | None) -> datetime | None:
    if not text:
        return None
    if text == _local(was, zone):
        return was
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError:
        raise Rejected(place, f"expected a date and time such as 2026-11-22T10:00, got {text[:40]!r}") from None
