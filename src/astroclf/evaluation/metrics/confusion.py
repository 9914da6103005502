"""Metrics that follow from the confusion matrix.

Each is computed for many labelings, or many weightings of the images, at once. They take counts,
or sums of weights, of images: true (..., K) truly of each class, predicted (..., K) with its label,
hits (..., K) correctly with it. They return (...). Definitions are scikit-learn's, which is not
imported: that alone takes longer than measuring.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def confusion_matrix(targets: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts (K, K) int64: a row for each true class, a column for each label."""
    cells = np.bincount(targets * n_classes + labels, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def accuracy(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    return ratio(hits.sum(axis=-1), true.sum(axis=-1))


def balanced_accuracy(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Return the mean recall of the classes present."""
    return mean_of_defined(ratio(hits, true))


def macro_f1(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Return the mean F1 of the classes present or predicted."""
    return mean_of_defined(ratio(2 * hits, true + predicted))


def mcc(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Matthews' correlation for K classes (Gorodkin 2004, Comput. Biol. Chem. 28, 367).

    0 where it is not defined.
    """
    true, predicted = true.astype(np.float64), predicted.astype(np.float64)
    n = true.sum(axis=-1)
    covariance = hits.sum(axis=-1) * n - (true * predicted).sum(axis=-1)
    spread = (n**2 - (true**2).sum(axis=-1)) * (n**2 - (predicted**2).sum(axis=-1))
    return np.where(spread > 0, covariance / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0)


def youden(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Youden's J = recall - false positive rate, the mean over the classes, each against the rest.

    For two classes both have the same J (Youden 1950, Cancer 3, 32).
    """
    of_others = true.sum(axis=-1, keepdims=True) - true
    return mean_of_defined(ratio(hits, true) - ratio(predicted - hits, of_others))


def f1_of_class_1(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """0 where class 1 is neither there nor predicted."""
    return np.nan_to_num(ratio(2 * hits, true + predicted)[..., 1])


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN or infinite where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.true_divide(part, whole)


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean along the last axis without NaNs, NaN where all are."""
    return ratio(np.nansum(values, axis=-1), np.sum(~np.isnan(values), axis=-1))
