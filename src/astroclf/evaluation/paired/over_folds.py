"""Differences over the folds of two cross-validations with the same folds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.intervals import t_interval
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.paired.contender import Contender, Measurement, network_figures


@dataclass(frozen=True)
class FoldDifference:
    """Mean over folds of a difference B - A, its sample standard deviation and its 95 % interval."""

    metric: str
    mean: float
    std: float
    ci95: tuple[float, float] | None


def same_folds(a: Contender, b: Contender) -> bool:
    """Return whether both predicted each image in the same fold, with more than one fold."""
    if a.folds is None or b.folds is None:
        return False
    pairs = np.unique(np.stack([a.folds, b.folds]), axis=1).shape[1]
    return 1 < pairs == len(np.unique(a.folds)) == len(np.unique(b.folds))


def differences_over_folds(
    a: Contender, b: Contender, labels: Labels, measurement: Measurement, metrics: list[str]
) -> list[FoldDifference]:
    """Return the difference of each metric over the folds, which hold other training images too.

    The variance is (1/k + n_test/n_train) times that between the folds, since the training images of two
    folds overlap (Nadeau & Bengio 2003, Machine Learning 52, 239; for k folds Bouckaert & Frank 2004); of k
    folds one is test and one is val, so that n_test/n_train is 1/(k - 2). Nothing unless `same_folds`.
    """
    if not same_folds(a, b):
        return []
    assert a.folds is not None
    weights = (a.folds == np.unique(a.folds)[:, None]).astype(np.float64)
    k = len(weights)
    figures = [
        network_figures(each.networks[0], each.folds, labels, (), measurement.bins)(weights)
        for each in (a, b)
    ]
    found = []
    for metric in metrics:
        differences = figures[1][metric] - figures[0][metric]
        mean, std = float(differences.mean()), float(differences.std(ddof=1))
        error = math.sqrt(1 / k + 1 / max(1, k - 2)) * std
        found.append(FoldDifference(metric, mean, std, t_interval(mean, error, k - 1, "linear")))
    return found
