"""Intake: requests in, durable records out, and from there into the store."""
