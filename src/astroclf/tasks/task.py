"""The task that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from astroclf.models import require_model
from astroclf.settings import Settings
from astroclf.tasks.cache import Memory
from astroclf.tasks.reports import TrialReports


def run_task(
    settings: Settings,
    folder: Path,
    config: dict[str, Any],
    *,
    memory: Memory | None = None,
    trial: TrialReports | None = None,
) -> dict[str, float] | None:
    """Do the task that settings.task names, with results in `folder`; returns what it measured.

    config: the plain configuration behind the settings, kept with every checkpoint. memory: of what
    earlier jobs of this process made. trial: the trial of a search that this is.

    Raises UserError where the settings do not fit the data, or where what they name is not there.
    """
    if config["resume"] is None:  # a stopped run may have its weights in its checkpoint
        require_model(settings.model)
    if settings.task.name == "benchmark":
        from astroclf.tasks.benchmark import benchmark

        benchmark(settings, folder)
        return None
    if settings.task.name == "crossval" or settings.seeds is not None:
        from astroclf.tasks.repeat.repeat import repeat

        return repeat(settings, folder, config, memory=memory, trial=trial)
    from astroclf.tasks.train import train

    return train(settings, folder, config, memory=memory, trial=trial)
