"""Finished runs as they are compared: the predictions of their trainings, and their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.dataset import TRAIN, VAL
from astroclf.errors import UserError, counted, listed
from astroclf.files import read_csv, shortest
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics, read_metrics
from astroclf.runs.predictions import (
    Predictions,
    has_folds,
    read_predictions,
    stored_classes,
    stored_columns,
)
from astroclf.runs.settings import read_config
from astroclf.tasks.comparison.sweep_winner import is_sweep, replicates_of_winner
from astroclf.tracking import flatten

KEY = "compare.runs"


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A finished run.

    name: its folder. trainings: predictions of each seed; of one training, a cross-validation (out of
    fold) or an evaluation those alone. seeds: of several trainings. out_of_fold: whether each part is a
    fold. kind: in words. config: dotted key -> value of its settings, none where they are not stored.
    """

    name: str
    folder: RunFolder
    trainings: Sequence[Predictions]
    kind: str
    seeds: Sequence[int] = ()
    out_of_fold: bool = False
    config: Mapping[str, object] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.trainings[0].classes

    def is_unseen(self, training: Predictions) -> np.ndarray:
        """Return (N,) bool: images that a training was neither fitted to nor selected on."""
        return ~np.isin(training.parts, (TRAIN, VAL))


def read_runs(folders: Sequence[RunFolder]) -> list[ComparedRun]:
    """Return finished runs with their classes in the order of the first one.

    Raises UserError for fewer than two different runs, for one without predictions, for a sweep without
    replicates of its winner, and for runs with different classes.
    """
    require_different(folders)
    runs = [read_run(folder) for folder in folders]
    first = runs[0]
    for run in runs[1:]:
        if (run.trainings[0].votes is None) != (first.trainings[0].votes is None):
            raise UserError(
                f"{KEY}: one of {first.name} and {run.name} predicts classes and the other vote fractions. "
                "Compare runs with the same kind of targets."
            )
        if set(run.classes) != set(first.classes):
            raise UserError(_different_classes(first, run))
    order = first.classes
    return [
        replace(run, trainings=[with_class_order(each, order) for each in run.trainings])
        for run in runs
    ]


def require_different(folders: Sequence[RunFolder]) -> None:
    """Raise UserError for fewer than two runs, and for one that is given twice."""
    if len(folders) < 2:
        named = listed(shortest(each.path) for each in folders)
        raise UserError(
            f"{KEY}=[{named}]: {counted(len(folders), 'run')}, so that there is nothing to compare. Give two or more."
        )
    seen = set()
    for folder in folders:
        path = folder.path.resolve()
        if path in seen:
            raise UserError(
                f"{KEY}: {shortest(folder.path)} is given twice, and a run does not differ from itself. "
                "Give each run once."
            )
        seen.add(path)


def read_run(folder: RunFolder) -> ComparedRun:
    """Return the run in a folder. Raises UserError as `read_runs`."""
    key, name = f"{KEY}={shortest(folder.path)}", str(shortest(folder.path.absolute()))
    if is_sweep(folder):
        winner = read_run(replicates_of_winner(folder, key))
        return replace(winner, name=name, kind=f"best trial of a sweep, {winner.kind}")
    if not folder.path.is_dir():
        raise UserError(f"{key}: there is no such folder. Give the folder of a finished run.")
    metrics = read_metrics(folder) if folder.metrics.is_file() else None
    seeds = metrics.run.seeds if metrics is not None else []
    if metrics is not None and seeds:
        trainings = [_read_training(folder.child(each), key) for each in metrics.run.runs]
        kind = f"{counted(len(seeds), 'seed')}"
        return ComparedRun(name, folder, trainings, kind, tuple(seeds), config=_config(folder, key))
    training = _read_training(folder, key)
    out_of_fold = has_folds(folder)
    return ComparedRun(
        name,
        folder,
        [training],
        _kind(training, metrics, out_of_fold=out_of_fold),
        out_of_fold=out_of_fold,
        config=_config(folder, key),
    )


def with_class_order(predictions: Predictions, classes: Sequence[str]) -> Predictions:
    """Return predictions with their classes in another order."""
    if predictions.classes == tuple(classes):
        return predictions
    columns = [predictions.classes.index(name) for name in classes]
    position = np.argsort(columns)  # of each former class
    return replace(
        predictions,
        classes=tuple(classes),
        truth=position[predictions.truth],
        labels=position[predictions.labels],
        probabilities=predictions.probabilities[:, columns],
        votes=None if predictions.votes is None else predictions.votes[:, columns],
    )


def _kind(training: Predictions, metrics: Metrics | None, *, out_of_fold: bool) -> str:
    if out_of_fold:
        return f"cross-validation with {len(np.unique(training.parts))} folds"
    is_training = metrics is not None and metrics.run.epochs is not None
    return "one training" if is_training else "evaluation of a trained model"


def _read_training(folder: RunFolder, key: str) -> Predictions:
    if not folder.predictions.is_file():
        raise UserError(
            f"{key}: {shortest(folder.path)} has no {folder.predictions.name}. Give the folder of a finished "
            "training, cross-validation or evaluation."
        )
    classes = stored_classes(folder)
    if "truth" not in stored_columns(folder):
        raise UserError(
            f"{key}: its images have no true labels. Evaluate the model on labeled images (task=evaluate)."
        )
    part = "fold" if has_folds(folder) else "split"
    predictions = read_predictions(folder, classes, part=part)
    if predictions.groups is None and folder.split.is_file():
        return replace(predictions, groups=_groups_of_split(folder, predictions.ids))
    return predictions


def _groups_of_split(folder: RunFolder, ids: np.ndarray) -> np.ndarray | None:
    """Return the groups in split.csv, which runs of former versions have alone; None without groups."""
    rows = read_csv(folder.split)
    group_of = {row["id"]: row["group"] for row in rows if "group" in row}
    groups = [group_of.get(name) for name in ids.tolist()]
    return None if None in groups else np.array(groups)


def _config(folder: RunFolder, key: str) -> Mapping[str, object] | None:
    try:
        return dict(flatten(read_config(folder, key)))
    except UserError:
        return None


def _different_classes(one: ComparedRun, other: ComparedRun) -> str:
    return (
        f"{KEY}: {one.name} has the classes {listed(one.classes)}; {other.name} has {listed(other.classes)}. "
        "Compare runs with the same classes."
    )
