"""File formats as tables: each a module with ``SUFFIXES`` and ``open_table``; see ``registry``."""
