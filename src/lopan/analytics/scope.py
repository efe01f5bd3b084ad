"""Whose figures: everybody's, or those of one role, release or customer."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from lopan.errors import Rejected

Axis = Literal["", "role", "release", "customer"]
AXES: tuple[str, ...] = get_args(Axis)


class Scope(NamedTuple):
    """``project`` 0 = all. ``axis`` with ``name`` narrows to one role, release or customer, as the events say."""

    project: int = 0
    axis: Axis = ""
    name: str = ""

    @classmethod
    def of(cls, project: str = "", role: str = "", release: str = "", customer: str = "") -> Scope:
        """From a page's filters, of which at most one may narrow the people; raises Rejected for more."""
        if project and not project.isdecimal():
            raise Rejected("project", f"is the number of a project, not {project!r}")
        pairs: list[tuple[Axis, str]] = [("role", role), ("release", release), ("customer", customer)]
        given = [(axis, name) for axis, name in pairs if name]
        if len(given) > 1:
            raise Rejected(given[1][0], f"can't be combined with {given[0][0]} here; choose one of the two")
        return cls(int(project or 0), *(given[0] if given else ("", "")))
