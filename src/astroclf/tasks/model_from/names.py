"""Models and runs by their names in `model_from` and `compare.runs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from astroclf.errors import UserError
from astroclf.files import named_path, shortest
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.model_from.folders import bundles_in
from astroclf.tasks.model_from.places import Places
from astroclf.tasks.model_from.selection import finished_trainings, select_best
from astroclf.tasks.model_from.sweeps import TopTrials, find_top
from astroclf.tasks.model_from.tracked import (
    MODEL_URI,
    bundle_of_model,
    bundles_of_run,
    results_of_run,
    run_id_in,
)
from astroclf.tracking.lookup import KnownRun

LAST, BEST = "last", "best"


@dataclass(frozen=True)
class FoundModel:
    """A bundle that a name stands for.

    reason: why it was chosen, in words; "" for a bundle that was named.
    """

    bundle: Path
    reason: str = ""

    def __str__(self) -> str:
        return (
            f"{shortest(self.bundle)} ({self.reason})"
            if self.reason
            else f"{shortest(self.bundle)}"
        )


def find_models(names: Sequence[str], settings: Settings) -> list[FoundModel]:
    """Return the bundles that names of model_from stand for, several for an ensemble.

    Raises UserError for a name that stands for none, and for a bundle that is named twice.
    """
    places = Places.of(settings)
    found = [model for name in names for model in _models_of(name, places)]
    seen: set[Path] = set()
    for model in found:
        path = model.bundle.resolve()
        if path in seen:
            raise UserError(
                f"model_from={','.join(names)}: {shortest(model.bundle)} is given twice. Give each model once."
            )
        seen.add(path)
    return found


def find_runs(
    names: Sequence[str], settings: Settings, key: str = "compare.runs"
) -> list[RunFolder]:
    """Return the folders of runs by their names: a folder, an MLflow run id, runs:/<id>, last or best.

    A run whose folder is gone has its metrics and predictions from MLflow, in a folder of
    lookup.cache. key: the setting with the names. Raises UserError for a name that stands for none.
    """
    places = Places.of(settings)
    return [_run_of(name, places, key) for name in names]


def _models_of(name: str, places: Places) -> list[FoundModel]:
    key = f"model_from={name}"
    if name.startswith(MODEL_URI):
        return [FoundModel(bundle_of_model(name, places), name)]
    if (top := TopTrials.parse(name)) is not None:
        return [FoundModel(*found) for found in find_top(top, places.outputs, key)]
    chosen = _choose_run(name, places, key)
    if chosen is None:
        return [FoundModel(path) for path in bundles_in(named_path(name, "model_from"), key)]
    run, reason = chosen
    return [FoundModel(path, reason) for path in bundles_of_run(run, places, key)]


def _run_of(name: str, places: Places, key: str) -> RunFolder:
    key = f"{key}={name}"
    chosen = _choose_run(name, places, key)
    if chosen is not None:
        return results_of_run(chosen[0], places)
    folder = RunFolder(named_path(name, key))
    if not folder.path.is_dir():
        raise UserError(
            f"{key}: there is no folder {shortest(folder.path)}. Give a run folder, an MLflow run id, last or best."
        )
    return folder


def _choose_run(name: str, places: Places, key: str) -> tuple[KnownRun, str] | None:
    """Return the run that a name stands for, and why; None for a path."""
    if (run_id := run_id_in(name)) is not None:
        return places.store.run(run_id), f"MLflow run {run_id}"
    if name not in (LAST, BEST):
        return None
    runs = finished_trainings(places.runs(), places.shown, key)
    if name == BEST:
        return select_best(runs, key)
    return runs[-1], f"last of {len(runs)} finished runs"
