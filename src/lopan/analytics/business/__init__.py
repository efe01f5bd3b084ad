"""Business figures that take more than a formula over one fact; those that do not are entries of the catalog alone."""
