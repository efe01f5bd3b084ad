"""The main screen and the first screen of every level."""
