"""Prediction: everything that a trained model outputs for images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Prediction:
    """Output of a trained model for N images.

    probabilities: (N, K) float64, calibrated, or vote fractions.
    labels: (N,) int64 classes, or (N, K) bool answers for vote fractions.
    sets: (N, K) bool, the classes of each prediction set; None where none were fitted.
    unlike_training: (N,) float64 conformal p-values, small for images unlike the training images;
        None for a model without a reference.
    spread: (N, K) float64 standard deviation of the probabilities over the members of an ensemble;
        None for a single network.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    sets: np.ndarray | None = None
    unlike_training: np.ndarray | None = None
    spread: np.ndarray | None = None

    @property
    def leading(self) -> np.ndarray:
        """(N,) int64: the label of each image, or the answer with the highest fraction."""
        return self.probabilities.argmax(axis=1) if self.labels.ndim == 2 else self.labels

    @property
    def confidence(self) -> np.ndarray:
        """(N,) float64: the probability of each label, or the highest fraction."""
        return self.probabilities[np.arange(len(self.labels)), self.leading]
