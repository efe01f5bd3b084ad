"""Facts pulled from databases by what has changed since the last time."""
