"""Probabilities that mean what they say: temperature scaling."""

from __future__ import annotations

import math

import numpy as np

COLDEST, HOTTEST = (
    0.2,
    20.0,
)  # where images that are all right would have no end to their sharpening


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature T in [0.2, 20] at which p^(1/T) has the smallest log loss, to 1e-6.

    Above 1 the network was too sure, below 1 too unsure; 1 without images, or where no
    temperature is better than another (Guo et al. 2017, arXiv:1706.04599, section 4.2).

    probabilities: (N, K), of the validation images, as `Decision.probabilities` gives them with
    temperature 1. targets: (N,) int64 classes, rows of probabilities sum to 1; or (N, K) votes in
    [0, 1], each calibrated against its complement, with one temperature for all answers.
    """
    log_p, truth = _log_probabilities_and_truth(probabilities, targets)

    def slope(log_temperature: float) -> float:
        """Of the log loss along 1 / T. It only rises with 1 / T, so that it has one root."""
        scaled = log_p * math.exp(-log_temperature)
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        expected = odds / odds.sum(axis=1, keepdims=True)
        return float(np.sum((expected - truth) * log_p))

    low, high = math.log(COLDEST), math.log(HOTTEST)
    at_low, at_high = slope(low), slope(high)
    if at_low == 0 and at_high == 0:
        return 1.0
    if at_low <= 0:
        return COLDEST
    if at_high >= 0:
        return HOTTEST
    from scipy.optimize import brentq

    return math.exp(brentq(slope, low, high, xtol=1e-7))


def _log_probabilities_and_truth(
    probabilities: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two (M, K) arrays: one row an image, or for votes one row of two an image and answer."""
    if targets.ndim == 2:
        votes = targets.astype(np.float64).ravel()
        truth = np.stack([1 - votes, votes], axis=1)
        fractions = probabilities.astype(np.float64).ravel()
        probabilities = np.stack([1 - fractions, fractions], axis=1)
    else:
        truth = np.eye(probabilities.shape[1])[targets]
    log_p = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    # A constant in a row changes nothing; this one makes rows of equal probabilities exactly 0.
    return log_p - log_p.max(axis=1, keepdims=True), truth
