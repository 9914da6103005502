"""A task of the user, by its import path."""

from __future__ import annotations

from astroclf.settings import sections
from astroclf.settings.targets import import_target
from astroclf.tasks.run import Run


def main(run: Run) -> dict[str, float] | None:
    """Call the target with the run and `kwargs`; return the metrics and costs that it returns, if any."""
    task = run.settings.task
    assert isinstance(task, sections.CustomTask)
    result: dict[str, float] | None = import_target(task.target)(run, **task.kwargs)
    return result
