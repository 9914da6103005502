"""Finished runs of an MLflow experiment, for a comparison."""

from __future__ import annotations

import logging

from astroclf.errors import State, UserError
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.comparison.sweep_winner import is_sweep, replicates_of_winner
from astroclf.tasks.model_from.places import Places
from astroclf.tasks.model_from.tracked import results_of_run

log = logging.getLogger(__name__)

COMPARED_TASKS = ("train", "crossval", "evaluate")


def runs_of_experiment(name: str, settings: Settings) -> list[RunFolder]:
    """Return the folders of the finished runs of an experiment, in the order of their end.

    Sweeps without replicates of their winner are left out, with a warning. Raises UserError without
    MLflow, and if the experiment has no finished run.
    """
    key, places = f"compare.mlflow_experiment={name}", Places.of(settings)
    if not places.is_tracked:
        raise UserError(
            f"{key}: tracking={settings.tracking.name} has no experiments. Set tracking=mlflow, or give compare.runs."
        )
    found = [
        run
        for run in places.store.runs(name)
        if run.task in COMPARED_TASKS and run.state == State.COMPLETE
    ]
    if not found:
        raise UserError(
            f"{key}: it has no finished run of {', '.join(COMPARED_TASKS)}. Check its name, and tracking.uri if it is "
            "in another store."
        )
    folders = [results_of_run(run, places) for run in sorted(found, key=lambda run: run.end_ms)]
    return [folder for folder in folders if _can_be_compared(folder, key)]


def _can_be_compared(folder: RunFolder, key: str) -> bool:
    try:
        if is_sweep(folder):
            replicates_of_winner(folder, f"{key}, {folder.path}")
    except UserError as error:
        log.warning("left out: %s", error)
        return False
    return True
