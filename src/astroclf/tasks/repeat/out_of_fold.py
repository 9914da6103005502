"""The predictions of a cross-validation: each image by the one network that never saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, ImageDataset
from astroclf.evaluation.decisions.decision import Decided
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.metrics.fold_metrics import rank_in_folds
from astroclf.evaluation.metrics.label_metrics import score_labels_with_intervals
from astroclf.evaluation.metrics.vote_metrics import score_votes_with_intervals
from astroclf.files import write_csv
from astroclf.settings import Settings
from astroclf.tasks.repeat.stored_results import Row, read_predictions
from astroclf.tasks.scores import resampling_of


def read_out_of_fold(folders: Sequence[Path], classes: Sequence[str]) -> list[Row]:
    """The rows of every training's predictions.csv that are of its test images, with the name of
    its folder as `fold` in the place of `split`."""
    rows = []
    for folder in folders:
        rows += [
            {"id": row.pop("id"), "fold": folder.name, **row}
            for row in read_predictions(folder, classes)
            if row.pop("split") == TEST
        ]
    return rows


def write_out_of_fold(file: Path, rows: Sequence[Row]) -> None:
    """Write predictions.csv: id, fold, and the columns of `tasks.results.write_predictions`."""
    write_csv(file, list(rows[0]), (list(row.values()) for row in rows))


def score_out_of_fold(
    settings: Settings, dataset: ImageDataset, rows: Sequence[Row], losses: Mapping[str, float]
) -> dict[str, Measured]:
    """Every metric of all out-of-fold predictions together, with 95 % intervals.

    roc_auc and average_precision are means over the folds, see `fold_metrics.rank_in_folds`.

    losses: the mean loss of each fold. Those of single images are not kept, so that the loss has no
    interval.
    """
    place = {image: position for position, image in enumerate(dataset.ids.tolist())}
    positions = np.array([place[row["id"]] for row in rows])
    predictions = np.array([[float(row[f"p_{name}"]) for name in dataset.classes] for row in rows])
    targets = dataset.targets[positions]
    image_losses = np.array([losses[row["fold"]] for row in rows])
    resampling = resampling_of(settings, dataset, positions)
    if dataset.has_votes:
        overall = score_votes_with_intervals(
            predictions, targets, image_losses, dataset.classes, resampling=resampling
        ).overall
    else:
        labels = np.array([dataset.classes.index(row["label"]) for row in rows])
        overall = score_labels_with_intervals(
            Decided(predictions, labels),
            targets,
            image_losses,
            dataset.classes,
            bins=settings.evaluation.calibration_bins,
            resampling=resampling,
        ).overall
        folds = np.unique([row["fold"] for row in rows], return_inverse=True)[1]
        overall |= rank_in_folds(predictions, targets, dataset.classes, folds, resampling)
    return {**overall, "loss": {"value": overall["loss"]["value"], "ci95": None}}
