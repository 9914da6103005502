"""Bundles in the folder of a run, of one training or of several seeds or folds."""

from __future__ import annotations

from pathlib import Path

from astroclf.commands import run_command
from astroclf.errors import UserError
from astroclf.files import shortest
from astroclf.models.bundle_files import DESCRIPTION_FILE
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import read_metrics


def is_bundle(folder: Path) -> bool:
    """Return whether a folder has the description of a bundle."""
    return (folder / DESCRIPTION_FILE).is_file()


def bundles_in(folder: Path, key: str) -> list[Path]:
    """Return the bundle of a folder: itself, that of its run, or those of its seeds or folds.

    key: the setting that named the folder. Raises UserError if there is none.
    """
    run = RunFolder(folder)
    if is_bundle(folder):
        return [folder]
    if is_bundle(run.bundle):
        return [run.bundle]
    if not folder.is_dir():
        raise UserError(
            f"{key}: there is no folder {shortest(folder)}. Give a run folder, a bundle, an MLflow run id, last or best."
        )
    if run.kept_models.is_file():
        raise UserError(
            f"{key}: {shortest(folder)} is a search. Give {shortest(folder)}/top1 for its best trial, or top3 for an ensemble."
        )
    repetitions = repetitions_of(run)
    if not repetitions:
        raise _no_bundle(run, key)
    return [path for each in repetitions for path in bundles_in(each.path, key)]


def repetitions_of(run: RunFolder) -> list[RunFolder]:
    """Return the folders of the seeds or folds of a finished run; none for one training."""
    if not run.metrics.is_file():
        return []
    return [run.child(name) for name in read_metrics(run).run.runs]


def _no_bundle(run: RunFolder, key: str) -> UserError:
    """Return the refusal of a folder without a bundle, with the reason."""
    folder = shortest(run.path)
    if not run.is_resumable:
        return UserError(
            f"{key}: {folder} holds no model. Give the folder of a finished run, or a bundle."
        )
    command = run_command(resume=folder)
    if run.metrics.is_file():
        return UserError(f"{key}: the bundle of {folder} was deleted. Write it again: {command}")
    return UserError(
        f"{key}: the run in {folder} was interrupted, or is still running, and has no model yet. "
        f"Resume it: {command}"
    )
