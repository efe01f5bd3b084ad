"""States and counts of machines from a broker, as Sparkplug B."""
