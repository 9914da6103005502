"""Metrics of several trainings together: mean and spread, and the scores of out-of-fold predictions."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from astroclf.data.dataset import TEST, VAL, ImageDataset
from astroclf.evaluation.decisions.decision import Decided
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.metrics.fold_metrics import rank_in_folds
from astroclf.evaluation.metrics.label_metrics import (
    mean_with_intervals,
    score_labels_with_intervals,
)
from astroclf.evaluation.metrics.vote_metrics import score_votes_with_intervals
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metric, Metrics
from astroclf.runs.predictions import Predictions, join, read_predictions
from astroclf.settings import Settings
from astroclf.tasks.scores import resampling_of

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
    if dataset.has_votes:
        return {}
    predictions = [read_predictions(folder, dataset.classes) for folder in folders]
    return {
        split: mean_with_intervals(
            [
                Decided(of_split.probabilities, of_split.labels)
                for of_split in (each.of(split) for each in predictions)
            ],
            dataset.targets[dataset.indices(split)],
            dataset.classes,
            bins=settings.evaluation.calibration_bins,
            resampling=resampling_of(settings, dataset, dataset.indices(split)),
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
    targets = dataset.targets[positions]
    image_losses = np.array([losses[fold] for fold in predictions.parts.tolist()], dtype=float)
    resampling = resampling_of(settings, dataset, positions)
    if dataset.has_votes:
        overall = score_votes_with_intervals(
            predictions.probabilities,
            targets,
            image_losses,
            dataset.classes,
            resampling=resampling,
        ).overall
    else:
        overall = score_labels_with_intervals(
            Decided(predictions.probabilities, predictions.labels),
            targets,
            image_losses,
            dataset.classes,
            bins=settings.evaluation.calibration_bins,
            resampling=resampling,
        ).overall
        folds = np.unique(predictions.parts, return_inverse=True)[1]
        overall |= rank_in_folds(
            predictions.probabilities, targets, dataset.classes, folds, resampling
        )
    return {**overall, "loss": {"value": overall["loss"]["value"], "ci95": None}}
