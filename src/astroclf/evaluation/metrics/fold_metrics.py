"""Ranking metrics of a cross-validation: the mean over its folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.evaluation.intervals import Measured, estimate
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import mean_of_defined
from astroclf.evaluation.metrics.label_intervals import first_note, notes_of_classes
from astroclf.evaluation.metrics.ranking import Ranking
from astroclf.evaluation.resampling import Figures, Resampling, replicate
from astroclf.settings.metrics import METRICS

FEWEST_IN_FOLD = 2  # images of a class, below which their spread is unknown


def rank_in_folds(
    probabilities: np.ndarray, labels: Labels, folds: np.ndarray, resampling: Resampling
) -> dict[str, Measured]:
    """Return roc_auc and average_precision, each the mean over folds, with 95 % intervals.

    The scores of different networks are on different scales, so that ranking the images of all
    folds together measures how alike the networks are too (Forman & Scholz 2010, SIGKDD Explor.
    12, 49). As in `label_metrics.score_labels`, of class 1 for two classes, else the mean over
    classes.

    probabilities: (N, K) out of fold. folds: (N,) int64, of each image.
    """
    targets, classes = labels.targets, labels.classes
    numbers, fold_of = np.unique(folds, return_inverse=True)
    figures = fold_ranking(probabilities, labels, folds)
    strata = fold_of * len(classes) + targets
    found = replicate(figures, len(targets), resampling, strata)
    note = first_note(*notes_of_classes(labels, resampling))
    parts = [np.flatnonzero(folds == number) for number in numbers]
    note = note or _scarce_in_fold(targets, classes, parts)
    return {metric: estimate(each, METRICS[metric].scale, note) for metric, each in found.items()}


def fold_ranking(probabilities: np.ndarray, labels: Labels, folds: np.ndarray) -> Figures:
    """Return the function from weights (R, N) to roc_auc and average_precision, (R,), see `rank_in_folds`.

    A fold without a weight is left out of the mean.
    """
    targets = labels.targets
    ranked_classes = [1] if len(labels.classes) == 2 else range(len(labels.classes))
    parts = [np.flatnonzero(folds == number) for number in np.unique(folds)]
    rankings = [
        [Ranking(probabilities[part, k], targets[part] == k) for k in ranked_classes]
        for part in parts
    ]

    def figures(weights: np.ndarray) -> dict[str, np.ndarray]:
        areas = np.array(  # (folds, classes, 2, R)
            [
                [ranking.areas(weights[:, part]) for ranking in of_fold]
                for part, of_fold in zip(parts, rankings, strict=True)
            ]
        )
        means = mean_of_defined(mean_of_defined(areas.transpose(3, 2, 0, 1)))
        return {"roc_auc": means[:, 0], "average_precision": means[:, 1]}

    return figures


def _scarce_in_fold(
    targets: np.ndarray, classes: Sequence[str], parts: Sequence[np.ndarray]
) -> str:
    for k, name in enumerate(classes):
        fewest = min(int(np.sum(targets[part] == k)) for part in parts)
        if fewest < FEWEST_IN_FOLD:
            images = "image" if fewest == 1 else "images"
            return f"a fold has {fewest} {images} of {name}, fewer than {FEWEST_IN_FOLD}"
    return ""
