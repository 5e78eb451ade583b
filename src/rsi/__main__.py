"""`python -m rsi` is the same program as `rsi`."""

import sys

from rsi.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
