"""From what a network says to probabilities and labels."""

from __future__ import annotations

import numpy as np


def to_probabilities(logits: np.ndarray, activation: str) -> np.ndarray:
    """(N, K) float64 in [0, 1] of (N, K) logits.

    activation: `softmax` and `normalised_sigmoid` (sigmoids divided by their sum) give rows that
    sum to 1, for classes that exclude each other; `sigmoid` gives one vote fraction an answer.
    """
    logits = logits.astype(np.float64)
    if activation == "softmax":
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
    # log of the sigmoid, so that very negative logits keep their ratios.
    log_sigmoid = -np.logaddexp(0, -logits)
    if activation == "sigmoid":
        return np.exp(log_sigmoid)
    if activation == "normalised_sigmoid":
        return to_probabilities(log_sigmoid, "softmax")
    raise ValueError(f"unknown activation {activation!r}")


def to_labels(probabilities: np.ndarray) -> np.ndarray:
    """(N,) int64: the class of the highest probability."""
    return probabilities.argmax(axis=1)
