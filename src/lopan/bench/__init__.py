"""Whole-path figures of this machine, each beside the engine's own ceiling measured in the same run."""
