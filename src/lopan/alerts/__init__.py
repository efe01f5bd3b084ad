"""Alerts: from a figure that crosses a threshold to a message that was delivered, and the steps to take then."""
