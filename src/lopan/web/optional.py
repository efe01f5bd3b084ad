"""Parts of a page that are not asked for, among those that are measured at once."""

from __future__ import annotations


async def nothing() -> None:
    """Stands where a question would, when the reader may not see the answer or did not ask for it."""
