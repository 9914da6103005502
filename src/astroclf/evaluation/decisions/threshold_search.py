"""Search for class factors: objectives, and the exact position of their maximum.

The label of an image is the class of its largest p_k f_k. As the factor of one class rises, each
image changes its label once, at the ratio of its best other p_j f_j to its p_k: sorted by these
ratios, running sums give every confusion that any factor leads to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import most_probable
from astroclf.evaluation.metrics.confusion import (
    Measure,
    accuracy,
    balanced_accuracy,
    macro_f1,
    mcc,
    ratio,
    youden,
)

NORMAL_95 = 1.6448536269514722  # the 95 % quantile of the standard normal distribution
ROUNDS = 20  # over all classes; a handful suffices
LEAST_GAIN = 1e-12  # below it, figures differ by rounding alone
LEAST_STEP = 1e-12  # ratios closer than this, relatively, are the same
FURTHEST = 1e50  # no factor goes beyond this or below its inverse
SYNONYMS = {"purity": "precision", "completeness": "recall"}


@dataclass(frozen=True)
class Objective:
    """Objective of the search, to be maximized.

    measure: of a constraint, `gained` where the bound is met, and else the negative distance of its
    lower confidence bound to it. bound: of a constraint, else None. gained: maximized within a
    constraint; None for `measure` itself.
    """

    text: str
    measure: Measure
    bound: float | None = None
    gained: Measure | None = None

    def value(self, labels: np.ndarray, targets: np.ndarray, n_classes: int) -> float:
        """Return the measure of labels (N,) for the true classes (N,); NaN where it is not defined."""
        counted = (targets, labels, targets[labels == targets])
        true, predicted, hits = (np.bincount(each, minlength=n_classes) for each in counted)
        return float(self.measure(true, predicted, hits))


def read_objective(text: str, n_classes: int, images_per_unit: float = 1.0) -> Objective:
    """Return the objective of a name in `OBJECTIVES`, or of a constraint such as `precision >= 0.99`.

    A constraint is on the positive class, the second of two (purity is precision, completeness is
    recall), and met where the lower confidence bound meets it (see
    `lower_bound`). `precision >= x` maximizes recall, `recall >= x` precision.

    images_per_unit: images in a group, which count as one in the confidence bound.
    Raises UserError for any other text, and for a constraint with more than two classes.
    """
    if text in OBJECTIVES:
        return Objective(text, OBJECTIVES[text])
    match = re.fullmatch(r"\s*(precision|recall|purity|completeness)\s*>=\s*(\d*\.?\d+)\s*", text)
    if match is None or not 0 < (bound := float(match[2])) <= 1:
        raise UserError(
            f"evaluation.threshold={text}: labels cannot be tuned for that. Choose none, "
            f"{', '.join(OBJECTIVES)}, or, for two classes, a constraint such as 'precision >= 0.99' "
            "or 'recall >= 0.95', in quotes."
        )
    if n_classes != 2:
        raise UserError(
            f"evaluation.threshold={text}: a constraint on the positive class of two, but there are "
            f"{n_classes} classes. Choose none, {', '.join(OBJECTIVES)}."
        )
    held = SYNONYMS.get(match[1], match[1])
    measure = _constrained(held, bound, images_per_unit)
    gained = _recall if held == "precision" else _precision
    return Objective(f"{held} >= {match[2]}", measure, bound, gained)


def lower_bound(hits: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the one-sided 95 % lower confidence bound of proportions, 0 for n = 0.

    Wilson's (1927, JASA 22, 209): 268 of 268 are needed for a bound of 0.99.
    """
    share = np.nan_to_num(ratio(hits, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        half = NORMAL_95 * np.sqrt(share * (1 - share) / n + NORMAL_95**2 / (4 * n**2))
        low = (share + NORMAL_95**2 / (2 * n) - half) / (1 + NORMAL_95**2 / n)
    return np.where(np.asarray(n) > 0, low, 0.0)


def search_factors(
    probabilities: np.ndarray, targets: np.ndarray, objective: Objective
) -> np.ndarray:
    """Return (K,) float64 factors, which sum to 1; never worse on these images than equal ones.

    For two classes they are the best there are. For more they are found by coordinate ascent from
    equal factors: no change of a single one is better. Where several are as good, the change is
    the smallest.
    """
    n_classes = probabilities.shape[1]
    factors = np.ones(n_classes)
    value = objective.value(most_probable(probabilities), targets, n_classes)
    turns = [1] if n_classes == 2 else list(range(n_classes))
    turns_without_gain = 0
    for k in turns * ROUNDS:
        if turns_without_gain == len(turns):
            break
        tried = factors.copy()
        tried[k] = _best_factor(probabilities, targets, factors, k, objective.measure)
        reached = objective.value(most_probable(probabilities, tried), targets, n_classes)
        if reached > value + LEAST_GAIN:
            factors, value, turns_without_gain = tried, reached, 0
        else:
            turns_without_gain += 1
    return factors / factors.sum()


def _best_factor(
    probabilities: np.ndarray, targets: np.ndarray, factors: np.ndarray, k: int, measure: Measure
) -> float:
    """Return the exact best factor of class k while those of the others stay."""
    n_classes = len(factors)
    weighted = probabilities * factors
    weighted[:, k] = -1.0
    rivals = weighted.argmax(axis=1)
    ratios = _critical_ratios(weighted[np.arange(len(rivals)), rivals], probabilities[:, k])
    order = np.argsort(ratios)
    truth, rivals = targets[order], rivals[order]
    # After m of the sorted images went to class k, its factor is between edges m and m + 1.
    edges = np.concatenate([[0.0], ratios[order], [np.inf]])
    apart = np.flatnonzero(edges[1:] > edges[:-1] * (1 + LEAST_STEP))
    of_k, of_rival = np.eye(n_classes)[[k]], np.eye(n_classes)[rivals]
    right_of_k, right_of_rival = (truth == k)[:, None], (truth == rivals)[:, None]
    values = measure(
        np.bincount(truth, minlength=n_classes),
        _after_moves(of_rival, of_k, apart),
        _after_moves(of_rival * right_of_rival, of_k * right_of_k, apart),
    )
    if np.isnan(values).all():
        return float(factors[k])
    best = apart[values >= np.nanmax(values) - LEAST_GAIN]
    return _nearest_between(edges[best], edges[best + 1], float(factors[k]))


def _critical_ratios(rival: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return (N,): the factor at which class k overtakes its best rival; 0 for always, inf for never."""
    ratios = np.full(len(own), np.inf)
    with np.errstate(over="ignore"):
        np.divide(rival, own, out=ratios, where=own > 0)
    ratios[ratios < 1 / FURTHEST] = 0.0
    ratios[ratios > FURTHEST] = np.inf
    return ratios


def _after_moves(lost: np.ndarray, won: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Return (M, K) counts after the first images moved; each removes its `lost` and adds its `won`."""
    running = np.empty((len(lost) + 1, lost.shape[1]))
    running[0] = lost.sum(axis=0)
    np.subtract(won, lost, out=running[1:])
    return np.cumsum(running, axis=0, out=running)[moves]


def _nearest_between(lows: np.ndarray, highs: np.ndarray, factor: float) -> float:
    """Return the factor if it is in one of the intervals, else the middle of the nearest one."""
    with np.errstate(divide="ignore"):
        distances = np.maximum(np.log(lows / factor), np.log(factor / highs))
    nearest = distances.argmin()
    if distances[nearest] < 0:
        return factor
    return _middle(float(lows[nearest]), float(highs[nearest]))


def _middle(low: float, high: float) -> float:
    """Return the midpoint in f / (1 + f): between two classes, halfway between two neighboring p_1."""
    share = (low / (1 + low) + (high / (1 + high) if high < np.inf else 1.0)) / 2
    if share < 1:
        middle = share / (1 - share)
        if low * (1 + LEAST_STEP / 4) < middle < high * (1 - LEAST_STEP / 4):
            return middle
    # Shares that round to the same number: halfway in the logarithm.
    return low * 2 if high == np.inf else float(np.sqrt(low) * np.sqrt(high))


OBJECTIVES: dict[str, Measure] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "mcc": mcc,
    "youden": youden,
}


def _constrained(held: str, bound: float, images_per_unit: float) -> Measure:
    """Return the measure of a constraint, see `Objective`; precision and recall are 0 where they are not defined."""
    gained = _recall if held == "precision" else _precision

    def measure(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
        whole = (predicted if held == "precision" else true)[..., 1] / images_per_unit
        low = lower_bound(hits[..., 1] / images_per_unit, whole)
        return np.where(low >= bound - LEAST_GAIN, gained(true, predicted, hits), low - bound)

    return measure


def _precision(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    return np.nan_to_num(ratio(hits, predicted)[..., 1])


def _recall(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    return np.nan_to_num(ratio(hits, true)[..., 1])
