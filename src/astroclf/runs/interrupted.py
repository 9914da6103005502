"""Message at the end of an interrupted run, with the command that resumes it."""

from __future__ import annotations

from pathlib import Path

from astroclf.commands import run_command
from astroclf.errors import Interrupted
from astroclf.files import shortest
from astroclf.runs.folder import RunFolder


def describe_interrupt(interrupted: Interrupted, folder: Path | None) -> str:
    """Return the message: the signal, the progress, and the command that resumes the run.

    folder: of the run; None if the signal came before it was set.
    """
    state = f" ({interrupted.state})" if interrupted.state else ""
    if folder is None or not RunFolder(folder).is_resumable:
        return (
            f"Interrupted by {interrupted}{state}. There is nothing to resume yet: start the same "
            "command again."
        )
    return (
        f"Interrupted by {interrupted}{state}. Resume with: {run_command(resume=shortest(folder))}"
    )
