"""Calibration of probabilities by temperature scaling."""

from __future__ import annotations

import math

import numpy as np

from astroclf.evaluation.decisions.activation import SOFTMAX, Activation, log_of
from astroclf.evaluation.labels import Labels

# Without bounds, images that are all labeled correctly would have no lowest temperature.
COLDEST, HOTTEST = 0.2, 20.0


def fit_temperature(probabilities: np.ndarray, labels: Labels, activation: Activation) -> float:
    """Return the temperature T in [0.2, 20] at which p^(1/T) has the smallest log loss, to 1e-6.

    Above 1 the network was overconfident, below 1 underconfident; 1 without images, or where no
    temperature is better than another (Guo et al. 2017, arXiv:1706.04599, section 4.2). All vote
    fractions share one temperature; those of a decision tree are calibrated as shares of their
    question, each with the weight of the votes that reached it.

    probabilities: (N, K), of the validation images, as `Decision.probabilities` returns them with
    temperature 1. activation: of that decision.
    """
    blocks = [
        (_log_relative(distributions), truth, truth.sum(axis=1, keepdims=True))
        for distributions, truth in activation.calibration_blocks(
            probabilities, labels.truth(probabilities.shape[1])
        )
    ]

    def slope(log_temperature: float) -> float:
        """Return the slope of the log loss along 1 / T, which rises with 1 / T: it has one root."""
        inverse = math.exp(-log_temperature)
        return float(
            sum(
                np.sum((SOFTMAX.probabilities(log_p * inverse) * weights - truth) * log_p)
                for log_p, truth, weights in blocks
            )
        )

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


def _log_relative(distributions: np.ndarray) -> np.ndarray:
    """Return log p minus its maximum in each row, so that rows of equal probabilities are exactly 0."""
    log_p = log_of(distributions)
    relative: np.ndarray = log_p - log_p.max(axis=1, keepdims=True)
    return relative
