"""Protocols as pure functions: one file each, bytes in, events out, nothing known about where they go."""
