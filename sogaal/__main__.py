"""``python -m sogaal``: the command line."""

import sys

from sogaal.cli import main

if __name__ == "__main__":
    sys.exit(main())
