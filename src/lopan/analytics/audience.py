"""Whose behaviour a figure tells: a project, and people by their role, release or customer."""

from __future__ import annotations

from typing import Literal

import msgspec

from lopan.catalog import Narrow
from lopan.errors import Rejected

Axis = Literal["", "role", "release", "customer"]
AXES: tuple[Axis, ...] = ("role", "release", "customer")


class Audience(msgspec.Struct, frozen=True):
    """Empty = all. At most one of ``role``, ``release`` and ``customer``; each as stamped on the event."""

    project: str = ""
    role: str = ""
    release: str = ""
    customer: str = ""

    @property
    def number(self) -> int:
        """The project's number, 0 = all; raises Rejected for anything else."""
        if self.project and not self.project.isdecimal():
            raise Rejected("project", f"is the number of a project, not {self.project!r}")
        return int(self.project or 0)

    @property
    def axis(self) -> tuple[Axis, str]:
        """The axis and the value on it, ("", "") = everyone; raises Rejected for two at once."""
        chosen: list[tuple[Axis, str]] = [(axis, getattr(self, axis)) for axis in AXES if getattr(self, axis)]
        if len(chosen) > 1:
            raise Rejected(
                chosen[1][0], f"can't be combined with {chosen[0][0]}; choose one of role, release, customer"
            )
        return chosen[0] if chosen else ("", "")

    @property
    def words(self) -> str:
        """The filter as part of a definition."""
        axis, name = self.axis
        return f"{axis} {name}" if axis else "everyone"


def narrowed(narrow: Narrow) -> Audience:
    """Whom a KPI's filters leave; raises Rejected for a device, of which a person may have several."""
    if narrow.device:
        raise Rejected("device", "people are counted over all their devices; filter by role, release or customer")
    return Audience(str(narrow.project or ""), narrow.role, narrow.release, narrow.customer)


def axis_of(by: str) -> Axis:
    """``by`` as an axis; raises Rejected for another word."""
    for axis in AXES:
        if by == axis:
            return axis
    raise Rejected("by", f"people can be split by {', '.join(AXES)}, not by {by!r}")
