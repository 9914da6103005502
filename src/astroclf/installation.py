"""The configuration folder of this installation, and the command that starts it."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PACKAGED_CONF = PACKAGE / "conf"  # a wheel has it here; the repository has it beside src/
CONF = PACKAGED_CONF if PACKAGED_CONF.is_dir() else PACKAGE.parents[1] / "conf"


def is_command() -> bool:
    """Return whether a command of astroclf started this process, rather than another program."""
    return bool(sys.argv) and Path(sys.argv[0]).stem in ("astroclf", "run")


def program() -> str:
    """Return the command that started this process: `astroclf` or `python run.py`.

    In another program, such as a notebook: the one that this installation has.
    """
    if is_command():
        return "astroclf" if Path(sys.argv[0]).stem == "astroclf" else "python run.py"
    return "astroclf" if CONF == PACKAGED_CONF else "python run.py"
