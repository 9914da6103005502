"""Averages over the members of an ensemble: probabilities by class name, and p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.evaluation.decisions.activation import Activation

TINIEST = np.finfo(np.float64).tiny
CLOSEST_TO_1 = 1 - np.finfo(np.float64).epsneg


def class_orders(classes: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return, for each list of the same names, the positions of the names of the first list in it."""
    return [[names.index(name) for name in classes[0]] for names in classes]


def to_logits(probabilities: np.ndarray, activation: Activation) -> np.ndarray:
    """Return the logits (N, K) of which the activation makes these probabilities.

    activation: SOFTMAX for rows that sum to 1, SIGMOID for vote fractions.
    """
    logits: np.ndarray = np.log(np.maximum(probabilities, TINIEST))
    if activation.rows_sum_to_one:
        return logits
    return logits - np.log1p(-np.minimum(probabilities, CLOSEST_TO_1))


def merge_p_values(p_values: Sequence[np.ndarray]) -> np.ndarray:
    """Return (N,): twice the mean of the p-values of each image, at most 1.

    It is a p-value whatever the dependence between them (Vovk & Wang 2020, arXiv:1212.4966).
    """
    twice_the_mean: np.ndarray = 2 * np.mean(p_values, axis=0)
    return np.minimum(1.0, twice_the_mean)
