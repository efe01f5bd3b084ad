"""The control database: who may do what, which key belongs to which project, and what was done by whom."""
