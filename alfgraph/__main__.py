"""`python -m alfgraph` is `alfgraph`."""

import sys

from alfgraph.cli import main

if __name__ == "__main__":
    sys.exit(main())
