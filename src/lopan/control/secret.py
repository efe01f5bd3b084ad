"""Secrets that are shown once: what is kept of them is a hash to find them by and a hint to tell them apart."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec


class Issued(msgspec.Struct, frozen=True):
    """A key or token as it is listed; ``hint`` is the start of the secret, ``name`` its project or purpose."""

    id: int
    name: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None
    levels: frozenset[str] = frozenset()
    annotates: bool = False
    feeds: bool = False


def digest(secret: str) -> str:
    """SHA-256 in hex: fast on purpose, for these secrets hold 128 random bits or more and can't be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
