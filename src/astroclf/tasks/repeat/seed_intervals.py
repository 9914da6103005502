"""How sure the mean over several seeds is, for images of the same kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, VAL, ImageDataset
from astroclf.evaluation.decisions.decision import Decided
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.metrics.label_metrics import mean_with_intervals
from astroclf.settings import Settings
from astroclf.tasks.repeat.stored_results import read_predictions
from astroclf.tasks.scores import resampling_of


def measure_mean(
    settings: Settings, dataset: ImageDataset, folders: Sequence[Path]
) -> dict[str, dict[str, Measured]]:
    """split -> metric -> the mean over the trainings with its interval, for val and test.

    folders: of trainings on the same images and splits. Nothing for vote fractions.
    """
    if dataset.has_votes:
        return {}
    return {
        split: mean_with_intervals(
            [_read_decided(folder, split, dataset.classes) for folder in folders],
            dataset.targets[dataset.indices(split)],
            dataset.classes,
            bins=settings.evaluation.calibration_bins,
            resampling=resampling_of(settings, dataset, dataset.indices(split)),
        )
        for split in (VAL, TEST)
        if split in dataset.split_names
    }


def _read_decided(folder: Path, split: str, classes: Sequence[str]) -> Decided:
    """What a training says of the images of a split, in the order of the data set."""
    rows = [row for row in read_predictions(folder, classes) if row["split"] == split]
    probabilities = np.array([[float(row[f"p_{name}"]) for name in classes] for row in rows])
    return Decided(probabilities, np.array([classes.index(row["label"]) for row in rows]))
