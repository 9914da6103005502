"""Which code, on which software, made a result."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from astroclf.redaction import redact

PACKAGES = ("astroclf", "torch", "timm", "numpy", "hydra-core")


def provenance() -> dict[str, str]:
    """The git commit ("" outside a repository, "+changes" if dirty) and versions, by name."""
    versions = {package: version(package) for package in PACKAGES}
    return {"git_commit": git_commit(), "python": platform.python_version(), **versions}


def git_commit() -> str:
    """The commit of the working directory, "+changes" after it where files differ from it."""

    def git(*arguments: str) -> str:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
        return result.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return commit + ("+changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def command_line() -> str:
    """Return the command of this process, quoted for a shell and redacted."""
    return shlex.join(["python", Path(sys.argv[0]).name, *map(redact, sys.argv[1:])])
