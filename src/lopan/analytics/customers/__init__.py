"""Customers: how each is doing, why that changed, what to do about it, and whether the score foretold who left."""
