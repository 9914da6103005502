"""Compose the configuration in conf/ and do the task it names: `python run.py --help`."""

import sys
from pathlib import Path

from astroclf.interruption import run_interruptible

CONF = Path(__file__).resolve().with_name("conf")


def main() -> int:
    from astroclf.app import start  # imports take a second, and Ctrl-C is handled from the first on

    return start(CONF, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run_interruptible(main))
