"""Metrics of labels and probabilities that follow from sums over images."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.metrics.confusion import accuracy, balanced_accuracy, macro_f1, mcc, ratio

FLOOR_DRAWS = 200  # of labels, for the expected ECE: known to 1 % or so


class LabelSums:
    """Metrics of N images for any weights (R, N); a weight is how often an image counts.

    One product of the weights with a table of what each image adds to each sum gives them for all
    R at once.

    predictions: probabilities (N, K), rows sum to 1. targets: (N,) int64. bins: of confidence, for ece.
    """

    def __init__(self, predictions: Predicted, targets: np.ndarray, bins: int) -> None:
        probabilities = predictions.probabilities
        self._confidence, self._bins = probabilities.max(axis=1), bins
        identity = np.eye(probabilities.shape[1])
        truth = identity[targets]
        label = identity[predictions.labels]
        tables = (
            truth,
            label,
            truth * label,
            _calibration_gaps(probabilities, targets, bins),
            _log_loss_and_brier(probabilities, targets, truth),
        )
        self._table = np.hstack(tables)
        self._edges = np.cumsum([table.shape[1] for table in tables])[:-1]

    def counts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (K,) images of each class, with its label, and correctly with it."""
        true, predicted, hits, *_ = np.split(self._table.sum(axis=0), self._edges)
        return true, predicted, hits

    def expected_ece(self) -> float:
        """Return the floor of ece: its expectation for calibrated probabilities of so few images.

        The mean ECE over labels drawn from the probabilities, each image by itself (consistency
        resampling: Bröcker & Smith 2007, Weather and Forecasting 22, 651).
        """
        confidence, n = self._confidence, len(self._confidence)
        if n == 0:
            return float("nan")
        used, bin_of = np.unique(calibration_bin(confidence, self._bins), return_inverse=True)
        in_bin = np.eye(len(used))[bin_of]
        rng = np.random.default_rng(0)
        drawn = ((rng.random(n) < confidence) - confidence for _ in range(FLOOR_DRAWS))
        return float(np.mean([np.abs(gaps @ in_bin).sum() / n for gaps in drawn]))

    def figures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """metric -> (R,), and precision_of_class, recall_of_class, f1_of_class -> (R, K)."""
        sums = np.split(weights @ self._table, self._edges, axis=1)
        true, predicted, hits, gaps, losses = sums
        n = weights.sum(axis=1)
        log_loss, brier = ratio(losses, n[:, None]).T
        return {
            "accuracy": accuracy(true, predicted, hits),
            "balanced_accuracy": balanced_accuracy(true, predicted, hits),
            "macro_f1": macro_f1(true, predicted, hits),
            "mcc": mcc(true, predicted, hits),
            "log_loss": log_loss,
            "brier": brier,
            "ece": ratio(np.abs(gaps).sum(axis=1), n),
            "precision_of_class": ratio(hits, predicted),
            "recall_of_class": ratio(hits, true),
            "f1_of_class": ratio(2 * hits, true + predicted),
        }


def calibration_bin(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin of each confidence: bin b holds those in (b/bins, (b+1)/bins]; int64, same shape."""
    return np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)


def _calibration_gaps(probabilities: np.ndarray, targets: np.ndarray, bins: int) -> np.ndarray:
    """Return (N, used bins): the overconfidence in the most probable class of each image, in its bin."""
    likeliest, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    used, bin_of = np.unique(calibration_bin(confidence, bins), return_inverse=True)
    return np.eye(len(used))[bin_of] * (confidence - (likeliest == targets))[:, None]


def _log_loss_and_brier(
    probabilities: np.ndarray, targets: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Return (N, 2): log loss and Brier score of each image."""
    of_truth = probabilities[np.arange(len(targets)), targets]
    tiny = np.finfo(np.float64).eps
    log_loss = -np.log(np.clip(of_truth, tiny, 1 - tiny))
    halved = 0.5 if probabilities.shape[1] == 2 else 1.0
    brier = halved * np.sum((probabilities - truth) ** 2, axis=1)
    return np.stack([log_loss, brier], axis=1)
