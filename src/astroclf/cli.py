"""Entry point of `astroclf` and `python run.py`."""

from __future__ import annotations

import sys

from astroclf.interruption import run_interruptible


def main() -> int:
    """Run the command of this process and return its exit code (see `app.start`)."""
    return run_interruptible(_start)


def _start() -> int:
    from astroclf.app import start  # takes a second, in which Ctrl-C is handled already

    return start(sys.argv[1:])
