"""Lopan: self-hosted production monitoring for a shipped app and the business that runs on it."""

__version__ = "0.1.0"
