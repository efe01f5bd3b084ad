"""The pages on which business facts come in: every batch with what became of it, and files to import."""
