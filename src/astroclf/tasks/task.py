"""Dispatch to the task that the settings name."""

from __future__ import annotations

from astroclf.models import require_model
from astroclf.tasks.run import Run


def run_task(run: Run) -> dict[str, float] | None:
    """Do the task that settings.task names; return the metrics and costs that a search may optimize.

    Raises UserError where the settings do not fit the data, or name files that do not exist.
    """
    settings = run.settings
    if not run.resumes:  # an interrupted run may have its weights in its checkpoint
        require_model(settings.model)
    if settings.task.name == "benchmark":
        from astroclf.tasks.benchmark import benchmark

        benchmark(settings, run.folder.path)
        return None
    if settings.task.name == "crossval" or settings.seeds is not None:
        from astroclf.tasks.repeat.repeat import repeat

        return repeat(run)
    from astroclf.tasks.train import train

    return train(run)
