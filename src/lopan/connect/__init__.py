"""Business facts from where they are: files, databases, machines; all of them through one loader."""
