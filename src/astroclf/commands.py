"""Commands for display, ready to be pasted into a shell."""

from __future__ import annotations

import re
import shlex

from astroclf.installation import program

# Texts that Hydra parses unchanged without quotes: paths of letters, digits and a few signs.
_PLAIN_PATH = re.compile(r"/?[A-Za-z_][\w./-]*", re.ASCII)
_HYDRA_WORDS = {"true", "false", "null", "inf", "nan"}


def run_command(*flags: str, **settings: object) -> str:
    """Return the command that runs astroclf with these settings, ready to be pasted into a shell.

    flags: those of Hydra, before the settings. settings: key -> text or path, quoted for Hydra where
    Hydra would parse it as something else, and for the shell.
    """
    overrides = [f"{key}={quoted(str(value))}" for key, value in settings.items()]
    return shlex.join([*program().split(), *flags, *overrides])


def quoted(text: str) -> str:
    """Return the value of a Hydra override that is read back as this text."""
    if _PLAIN_PATH.fullmatch(text) and text.lower() not in _HYDRA_WORDS:
        return text
    escaped = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # ${...} would be interpolated
    escaped = re.sub(r"(\\*)('|\Z)", lambda end: 2 * end[1] + ("\\'" if end[2] else ""), escaped)
    return f"'{escaped}'"
