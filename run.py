"""Compose the configuration in conf/ and run the task it names: `python run.py --help`."""

import sys

from astroclf.cli import main

if __name__ == "__main__":
    sys.exit(main())
