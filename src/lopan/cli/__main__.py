"""``python -m lopan.cli``: the same as ``lopan``, for where the script is not on the path."""

import sys

from lopan.cli import main

sys.exit(main())
