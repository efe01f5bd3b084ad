"""``python -m generate`` in ``docs``."""

from generate import main

main()
