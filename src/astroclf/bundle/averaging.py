"""Averages over the members of an ensemble: probabilities by class name, and p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def class_orders(classes: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return, for each list of the same names, the positions of the names of the first list in it."""
    return [[names.index(name) for name in classes[0]] for names in classes]


def merge_p_values(p_values: Sequence[np.ndarray]) -> np.ndarray:
    """Return (N,): twice the mean of the p-values of each image, at most 1.

    It is a p-value whatever the dependence between them (Vovk & Wang 2020, arXiv:1212.4966).
    """
    twice_the_mean: np.ndarray = 2 * np.mean(p_values, axis=0)
    return np.minimum(1.0, twice_the_mean)
