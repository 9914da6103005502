"""Dispatch to the task that the settings name.

A task is a module of this package with a function `main` that is given the run.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from astroclf.models import require_model
from astroclf.tasks.run import Run

Task = Callable[[Run], dict[str, float] | None]


def run_task(run: Run) -> dict[str, float] | None:
    """Do the task that settings.task names; return the metrics and costs that a search may optimize.

    Raises UserError where the settings do not fit the data, or name files that do not exist.
    """
    settings = run.settings
    if (
        settings.task.trains and not run.resumes
    ):  # an interrupted run may have its weights in its checkpoint
        require_model(settings.model)
    name = "crossval" if settings.seeds is not None else settings.task.name
    task: Task = importlib.import_module(f"astroclf.tasks.{name}").main
    return task(run)
