"""The configuration folder of this installation, and the command that starts it."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PACKAGED_CONF = PACKAGE / "conf"  # a wheel has it here; the repository has it beside src/
CONF = PACKAGED_CONF if PACKAGED_CONF.is_dir() else PACKAGE.parents[1] / "conf"


def program() -> str:
    """Return the command that started this process: `astroclf` or `python run.py`.

    In another program, such as a notebook: the one that this installation has.
    """
    name = Path(sys.argv[0]).stem if sys.argv else ""
    if name in ("astroclf", "run"):
        return "astroclf" if name == "astroclf" else "python run.py"
    return "astroclf" if CONF == PACKAGED_CONF else "python run.py"
