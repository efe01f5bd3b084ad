"""What a column is to a watermark."""

from __future__ import annotations

from typing import Literal

Kind = Literal["zoned", "naive", "day", "whole", "text", "other"]
"""A time with a zone, a time without one, a day, a whole number, a text, or nothing that grows."""
