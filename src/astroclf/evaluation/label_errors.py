"""Likely label errors by confident learning (Northcutt, Jiang & Chuang 2021, JAIR 70, 1373; arXiv:1911.00068).

All probabilities are out-of-fold: of a network that was not trained on the image. A network fits the
labels of its training images, the wrong ones among them, and could not contradict them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOLERANCE = 1e-6  # by which a probability may miss a threshold, against rounding


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Images that are probably of another class than their label.

    positions: (M,) int64 of the images, the least probable label first. suggested: (M,) int64 classes.
    joint: (K, K) float64, estimated share of the images with label i and true class j; sums to 1.
    """

    positions: np.ndarray
    suggested: np.ndarray
    joint: np.ndarray

    @property
    def rate(self) -> float:
        """Estimated fraction of wrong labels."""
        return float(1 - np.trace(self.joint))


def find_label_errors(probabilities: np.ndarray, labels: np.ndarray) -> LabelErrors:
    """Return the off-diagonal images of the confident joint, ranked by the probability of their label.

    An image counts for class j if its probability of j reaches the mean one of the images with label
    j; for the most probable class if several do (equations 1 and 2 of the paper). An image whose most
    probable class is its label is no error.

    probabilities: (N, K), rows sum to 1. labels: (N,) int64.
    """
    n_classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=n_classes)
    thresholds = self_confidence(probabilities, labels)
    confident = probabilities >= thresholds - TOLERANCE
    likeliest = probabilities.argmax(axis=1)
    of_class = np.where(confident.sum(axis=1) > 1, likeliest, confident.argmax(axis=1))
    counted = confident.any(axis=1)
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (labels[counted], of_class[counted]), 1)
    wrong = np.flatnonzero(counted & (of_class != labels) & (likeliest != labels))
    order = np.argsort(probabilities[wrong, labels[wrong]], kind="stable")
    return LabelErrors(wrong[order], of_class[wrong[order]], calibrated_joint(joint, counts))


def self_confidence(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return (K,) float64: the mean probability of each class over the images with its label; infinite
    for a class without images."""
    classes = range(probabilities.shape[1])
    return np.array(
        [probabilities[labels == k, k].mean() if np.any(labels == k) else np.inf for k in classes]
    )


def calibrated_joint(confident_joint: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the (K, K) joint distribution of label and true class whose margins of labels are those of
    the images (equation 3 of the paper).

    At least one image of each class counts as correct. counts: (K,) images with each label.
    """
    rows = confident_joint.copy()
    np.fill_diagonal(rows, np.maximum(rows.diagonal(), 1))
    shares = rows / rows.sum(axis=1, keepdims=True) * counts[:, None]
    return shares / counts.sum()
