"""Metrics of several trainings together: mean and spread, and the scores of out-of-fold predictions."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from astroclf.data.dataset import TEST, VAL, ImageDataset
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.scoring import Scorer
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metric, Metrics
from astroclf.runs.predictions import Predictions, join, read_predictions
from astroclf.settings import Settings
from astroclf.tasks.labels import labels_of

Means = Mapping[str, Mapping[str, Measured]]  # split -> metric -> its mean with an interval


def measure_spread(metrics: Sequence[Metrics], means: Means) -> dict[str, dict[str, Metric]]:
    """Return split -> metric -> its mean and spread, for val, and for test where all trainings have it.

    means: the intervals of the means, where they are known.
    """
    return {
        split: {
            name: spread_of(
                [each.splits[split][name].value for each in metrics],
                means.get(split, {}).get(name, {"value": None, "ci95": None}),
            )
            for name in metrics[0].splits[split]
        }
        for split in (VAL, TEST)
        if all(split in each.splits for each in metrics)
    }


def spread_of(values: Sequence[float | None], mean: Measured) -> Metric:
    """Return the mean and the sample standard deviation of the values that are defined.

    mean: the source of the interval, and of a note where there is one.
    """
    defined = [value for value in values if value is not None]
    spread = Metric(
        value=statistics.fmean(defined) if defined else None,
        ci95=mean["ci95"],
        std=statistics.stdev(defined) if len(defined) > 1 else None,
        values=list(values),
    )
    return spread.model_copy(update={"note": mean["note"]}) if "note" in mean else spread


def measure_means(
    settings: Settings, dataset: ImageDataset, folders: Sequence[RunFolder]
) -> dict[str, dict[str, Measured]]:
    """Return split -> metric -> the mean over the seeds with its interval, for val and test.

    folders: of trainings on the same images and splits. Nothing for vote fractions.
    """
    predictions = [read_predictions(folder, dataset.classes) for folder in folders]
    scorer = Scorer.from_settings(settings)
    return {
        split: scorer.mean_of_networks(
            [
                Predicted(of_split.probabilities, of_split.labels)
                for of_split in (each.of(split) for each in predictions)
            ],
            labels_of(dataset, dataset.indices(split)),
        )
        for split in (VAL, TEST)
        if split in dataset.split_names
    }


def read_out_of_fold(folders: Sequence[RunFolder], classes: Sequence[str]) -> Predictions:
    """Return the predictions of every fold for its test images, with the name of the fold as part."""
    tested = [(folder, read_predictions(folder, classes).of(TEST)) for folder in folders]
    return join(
        [replace(each, parts=np.full(len(each.ids), folder.name)) for folder, each in tested]
    )


def score_out_of_fold(
    settings: Settings,
    dataset: ImageDataset,
    predictions: Predictions,
    losses: Mapping[str, float | None],
) -> dict[str, Measured]:
    """Return every metric of all out-of-fold predictions together, with 95 % intervals.

    roc_auc and average_precision are means over the folds, see `fold_metrics.rank_in_folds`.

    losses: the mean loss of each fold. Those of single images are not stored, so that the loss has
    no interval.
    """
    place = {image: position for position, image in enumerate(dataset.ids.tolist())}
    positions = np.array([place[image] for image in predictions.ids.tolist()])
    image_losses = np.array([losses[fold] for fold in predictions.parts.tolist()], dtype=float)
    return Scorer.from_settings(settings).out_of_fold(
        Predicted(predictions.probabilities, predictions.labels),
        labels_of(dataset, positions),
        image_losses,
        np.unique(predictions.parts, return_inverse=True)[1],
    )
