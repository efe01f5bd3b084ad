"""The Market page: how much of it is won, where, and who is behind every figure."""
