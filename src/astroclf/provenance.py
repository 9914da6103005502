"""Code version and software versions behind a result."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from astroclf.installation import is_command, program
from astroclf.redaction import redact

PACKAGES = ("astroclf", "torch", "timm", "numpy", "hydra-core")
THIS_FILE = Path(__file__).resolve()
GIT_TIMEOUT_S = 5.0


def provenance() -> dict[str, str]:
    """Return the git commit (see `git_commit`) and the versions of Python and packages, by name."""
    versions = {package: version(package) for package in PACKAGES}
    return {"git_commit": git_commit(), "python": platform.python_version(), **versions}


def git_commit() -> str:
    """Return the commit of the repository that tracks this file, "+changes" after it if files differ.

    "" outside of a repository, and where another project's repository holds an installed astroclf.
    """
    try:
        _git("ls-files", "--error-unmatch", THIS_FILE.name)
        commit = _git("rev-parse", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def command_line() -> str:
    """Return the command of this process, quoted for a shell and redacted.

    "" in another program, such as a notebook, whose arguments are not those of a run.
    """
    if not is_command():
        return ""
    return shlex.join([*program().split(), *map(redact, sys.argv[1:])])


def _git(*arguments: str) -> str:
    """Return the output of git for the folder of this file.

    Variables that name another repository are left out, and no program that the repository's own
    configuration names is started. Raises OSError or SubprocessError if git fails or takes too long.
    """
    result = subprocess.run(
        ["git", "-c", "core.fsmonitor=false", *arguments],
        cwd=THIS_FILE.parent,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        capture_output=True,
        text=True,
        check=True,
        timeout=GIT_TIMEOUT_S,
    )
    return result.stdout.strip()
